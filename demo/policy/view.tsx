/** Policy: the document in an editor, judged while it is written, put in force without a reload. */

import type { Problem } from 'netvirt';
import { useEffect, useRef, useState } from 'preact/hooks';
import example from '../example.yaml?raw';
import { session, usePolicy } from '../session.ts';
import '../styles/policy.css';
import { openText, saveBlob } from '../ui/files.ts';
import { useStore } from '../ui/store.ts';
import { type Checked, check, offsetOf } from './check.ts';
import { Editor } from './editor.tsx';
import { sharedAddress } from './share.ts';
import { Summary } from './summary.tsx';

/** Milliseconds without a key before the text is judged. */
const REST = 150;
/** Bytes of a policy that an editor in a page can hold. */
const LARGEST = 4 << 20;

/** What was written outlives a look at another view. `base`: what was in force when the writing began. */
const draft = {
  text: undefined as string | undefined,
  base: undefined as string | undefined,
  file: 'policy.yaml',
};

export function PolicyView() {
  const { text: inForce, isTextBehind, revision } = useStore(session);
  const applied = inForce ?? example;
  const isUntouched = draft.text === undefined || draft.text === draft.base;
  const [text, setText] = useState(isUntouched ? applied : draft.text!);
  const [checked, setChecked] = useState<Checked>(() => check(text, draft.file));
  const [news, setNews] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => setChecked(check(text, draft.file)), REST);
    return () => clearTimeout(timer);
  }, [text]);
  // The text follows what is in force, unless somebody has begun to write another one.
  useEffect(() => {
    if (text !== applied && !isUntouched) return;
    draft.base = applied;
    setText(applied);
  }, [applied]);
  draft.text = text;
  if (text === applied) draft.base = applied;

  const problems = 'problems' in checked ? checked.problems : [];
  const isApplied = text === applied && !isTextBehind;
  const apply = async () => {
    const now = check(text, draft.file);
    setChecked(now);
    if ('problems' in now) return;
    setNews('');
    if (!(await usePolicy(now.policy, text))) return;
    // What is written by now was begun with it.
    draft.base = text;
    setNews('In force: the fabric, captures and measurements use it now.');
  };
  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    const opened = await openText(file, LARGEST);
    setNews(opened.failure ?? `Opened ${file.name}.`);
    if (opened.text === undefined) return;
    draft.file = file.name;
    setText(opened.text);
  };
  const share = async () => {
    const address = await sharedAddress(text);
    history.replaceState(null, '', address);
    await navigator.clipboard.writeText(address).then(
      () => setNews(`Link copied, ${address.length.toLocaleString('en')} characters: the policy is in it.`),
      () => setNews('The link is in the address bar: the policy is in it.'),
    );
  };
  const save = () => saveBlob(new Blob([text], { type: 'text/yaml' }), draft.file);
  const goTo = ({ line, column }: Problem) => {
    const field = area.current;
    if (field === null || line === undefined) return;
    const at = offsetOf(text, line, column ?? 1);
    const end = text.indexOf('\n', at);
    field.focus();
    field.setSelectionRange(at, end < 0 ? text.length : end);
    field.closest('.editor')?.scrollTo({ top: (field.scrollHeight / field.rows) * (line - 6) });
  };

  return (
    <div class="policy">
      <div class="intro">
        <h1>One document describes the fabric</h1>
        <p>
          Hosts, customers, their virtual subnets and VMs. Edit it: every problem is shown at its line and
          column while you write. Nothing changes before you apply it.
        </p>
      </div>
      <div class="toolbar">
        <button
          type="button"
          class="primary"
          disabled={problems.length > 0 || isApplied}
          onClick={() => void apply()}
          data-revision={revision}
        >
          Apply
        </button>
        <label class="file-button">
          Open…
          <input
            type="file"
            accept=".yaml,.yml,.json"
            onChange={({ currentTarget }) => void open(currentTarget.files?.[0])}
          />
        </label>
        <button type="button" onClick={save}>
          Save
        </button>
        <button type="button" onClick={() => void share()}>
          Copy a link with it
        </button>
        <button type="button" class="quiet" onClick={() => setText(example)}>
          Back to the example
        </button>
      </div>
      <p role="status" class="news">
        {news}
      </p>
      {draft.base === applied || text === applied ? null : (
        <p class="hint">
          The fabric has been changed since this text was begun: applying it undoes that.{' '}
          <button type="button" class="quiet" onClick={() => setText(applied)}>
            Show what is in force
          </button>
        </p>
      )}
      <div class="columns">
        <Editor area={area} text={text} problems={problems} onInput={setText} onApply={() => void apply()} />
        <section class="card verdict" aria-label="What is said about it">
          <h2 class={problems.length > 0 ? 'wrong' : 'right'}>
            <span id="verdict-on-policy" role="status">
              {problems.length === 0
                ? 'Valid'
                : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`}
            </span>
          </h2>
          {'summary' in checked ? (
            <Summary summary={checked.summary} />
          ) : (
            <ol class="problems">
              {problems.slice(0, 100).map((problem, index) => (
                <li key={index}>
                  <button type="button" onClick={() => goTo(problem)}>
                    <code class="at">
                      {problem.line}:{problem.column}
                    </code>
                    {problem.path === '' ? null : <code class="path">{problem.path}</code>}
                    <span>{problem.message}</span>
                  </button>
                </li>
              ))}
            </ol>
          )}
        </section>
      </div>
    </div>
  );
}
