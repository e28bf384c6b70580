/** A text with line numbers; lines with problems are marked. */

import type { Problem } from 'netvirt';
import type { RefObject } from 'preact';

export interface EditorProps {
  readonly area: RefObject<HTMLTextAreaElement | null>;
  readonly text: string;
  readonly problems: readonly Problem[];
  readonly onInput: (text: string) => void;
  readonly onApply: () => void;
}

export function Editor({ area, text, problems, onInput, onApply }: EditorProps) {
  const lines = text.split('\n').length;
  const faulty = new Set(problems.map(({ line }) => line));
  const byKey = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== 'Enter') return;
    event.preventDefault();
    onApply();
  };
  return (
    <div class="editor">
      <div class="gutter" aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <span key={index} class={faulty.has(index + 1) ? 'faulty' : ''}>
            {index + 1}
          </span>
        ))}
      </div>
      <textarea
        ref={area}
        class="code"
        aria-label="Policy, YAML or JSON"
        aria-keyshortcuts="Control+Enter"
        aria-invalid={problems.length > 0}
        aria-describedby="verdict-on-policy"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        wrap="off"
        rows={lines + 1}
        value={text}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
        onKeyDown={byKey}
      />
    </div>
  );
}
