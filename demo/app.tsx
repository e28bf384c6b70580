/** The frame around the views: title, tabs, colour scheme, and what went wrong. */

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { FabricView } from './fabric/view.tsx';
import icon from './icon.svg';
import { session } from './session.ts';
import { SchemeButton } from './ui/scheme.tsx';
import { useStore } from './ui/store.ts';

interface View {
  readonly title: string;
  /** What it is for, in a few words. */
  readonly purpose: string;
  readonly load: () => Promise<ComponentType>;
}

const VIEWS: Readonly<Record<string, View>> = {
  fabric: { title: 'Fabric', purpose: 'Follow a packet', load: () => Promise.resolve(FabricView) },
  policy: {
    title: 'Policy',
    purpose: 'Say who is who',
    load: async () => (await import('./policy/view.tsx')).PolicyView,
  },
  capture: {
    title: 'Capture',
    purpose: 'Whose packets are these?',
    load: async () => (await import('./capture/view.tsx')).CaptureView,
  },
  speed: {
    title: 'Speed',
    purpose: 'How fast is it here?',
    load: async () => (await import('./speed/view.tsx')).SpeedView,
  },
};

const viewInAddress = () => {
  const name = location.hash.slice(1).split('?')[0] ?? '';
  return name in VIEWS ? name : 'fabric';
};

export function App() {
  const [name, setName] = useState(viewInAddress);
  const { failure } = useStore(session);
  useEffect(() => {
    const follow = () => setName(viewInAddress());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the view
      </a>
      <header class="masthead">
        <p class="brand">
          <img src={icon} alt="" width="28" height="28" />
          netvirt
        </p>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([key, { title, purpose }]) => (
            <a key={key} href={`#${key}`} title={purpose} aria-current={key === name ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <SchemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {failure === undefined ? null : (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <CurrentView key={name} name={name} />
      </main>
      <footer>
        <p>
          Everything on this page runs in your browser, in the same WebAssembly as on a server. Nothing is
          sent anywhere.
        </p>
      </footer>
    </>
  );
}

function CurrentView({ name }: { name: string }) {
  const [Loaded, setLoaded] = useState<ComponentType | undefined>(() =>
    name === 'fabric' ? FabricView : undefined,
  );
  const [failure, setFailure] = useState('');
  useEffect(() => {
    VIEWS[name]!.load().then(
      (component) => setLoaded(() => component),
      (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
    );
  }, [name]);
  if (failure !== '')
    return (
      <p class="failure" role="alert">
        This view could not be loaded: {failure}
      </p>
    );
  return Loaded === undefined ? <p class="hint">Loading…</p> : <Loaded />;
}

function focusMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}
