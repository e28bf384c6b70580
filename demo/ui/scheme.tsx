/** Light or dark: as the system has it until somebody chooses. */

import { useState } from 'preact/hooks';

const isDark = () => {
  const chosen = document.documentElement.dataset.scheme;
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
};

export function SchemeButton() {
  const [, redraw] = useState(0);
  const toggle = () => {
    document.documentElement.dataset.scheme = isDark() ? 'light' : 'dark';
    redraw((count) => count + 1);
  };
  return (
    <button type="button" class="quiet scheme" onClick={toggle}>
      {isDark() ? 'Light' : 'Dark'}
      <span class="hidden"> colours</span>
    </button>
  );
}
