/** Every decision of a host about the frame, from the same code with tracing compiled in; loaded when somebody asks. */

import type { Journey } from 'netvirt/simulate';
import { useState } from 'preact/hooks';
import { messageOf, session } from '../session.ts';

interface Step {
  readonly rule: string;
  readonly text: string;
}

export function Reasons({ journey, stop }: { journey: Journey; stop: number }) {
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const ask = async () => {
    try {
      setSteps(await stepsOf(journey, stop));
    } catch (error) {
      setSteps([{ rule: '', text: messageOf(error) }]);
    }
  };
  if (steps.length === 0)
    return (
      <button type="button" onClick={() => void ask()}>
        Why? Every decision of this host
      </button>
    );
  return (
    <ol class="reasons">
      {steps.map(({ rule, text }, index) => (
        <li key={index}>
          <code>{rule}</code> {text}
        </li>
      ))}
    </ol>
  );
}

async function stepsOf({ stops }: Journey, stop: number): Promise<readonly Step[]> {
  const current = stops[stop]!;
  const came = stops[current.from ?? 0]!;
  const dataplane = session.value.fabric!.dataplane(current.name);
  const port = came.place === 'vm' ? dataplane.port(came.name) : 0;
  return (await dataplane.explain(port, came.frame)).steps;
}
