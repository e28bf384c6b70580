/** The page: starts the fabric and shows one view at a time. */

import { render } from 'preact';
import { App } from './app.tsx';
import { openShared } from './policy/share.ts';
import { startSession } from './session.ts';
import './styles/base.css';
import './styles/shell.css';
import './styles/frame.css';
import './styles/fabric.css';

render(<App />, document.querySelector('#app')!);
await startSession();
await openShared();
