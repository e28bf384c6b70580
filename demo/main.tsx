/** The page: starts the fabric and shows one view at a time. */

import { render } from 'preact';
import { App } from './app.tsx';
import { openShared } from './policy/share.ts';
import { startSession } from './session.ts';
import './styles/base.css';
import './styles/shell.css';
import './styles/frame.css';
import './styles/controls.css';
import './styles/map.css';
import './styles/vm.css';
import './styles/journey.css';
import './styles/learning.css';

render(<App />, document.querySelector('#app')!);
await startSession();
await openShared();
