/** How many addresses the physical switches have to learn: measured by running a fabric with both mechanisms. */

import { validatePolicy } from 'netvirt/core';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../session.ts';

const HOSTS = 4;
const MOST = 40;
/** Wait for the slider to rest, milliseconds. */
const REST = 120;

interface Result {
  readonly vms: number;
  readonly nvgre: number;
  readonly rewrite: number;
}

export function Learning() {
  const [vms, setVms] = useState(30);
  const [result, setResult] = useState<Result | undefined>(undefined);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [isWanted, want] = useState(false);
  useEffect(() => {
    // The first packet comes first.
    const timer = setTimeout(() => want(true), 1500);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!isWanted) return undefined;
    const timer = setTimeout(() => {
      measure(vms).then(setResult, (error: unknown) => setFailure(messageOf(error)));
    }, REST);
    return () => clearTimeout(timer);
  }, [vms, isWanted]);
  const factor = result === undefined ? undefined : result.rewrite / result.nvgre;
  return (
    <section class="card learning" aria-labelledby="learning-title">
      <h3 id="learning-title">What the physical switches have to learn</h3>
      <p class="hint">
        {HOSTS} hosts run, every VM talks, and the addresses that the switches hear are counted: once with all
        VMs by NVGRE, once with all by IP Rewrite.
      </p>
      <div class="slider">
        <label for="vms">VMs per host</label>
        <output>{vms}</output>
        <input
          id="vms"
          type="range"
          min="1"
          max={MOST}
          value={vms}
          onInput={({ currentTarget }) => {
            want(true);
            setVms(Number(currentTarget.value));
          }}
        />
      </div>
      {failure === undefined ? null : (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <div class="learnt">
        <table>
          <caption class="hidden">
            Provider addresses learnt with {vms} VMs on each of {HOSTS} hosts
          </caption>
          <thead class="hidden">
            <tr>
              <th scope="col">Mechanism</th>
              <th scope="col">Addresses</th>
              <th scope="col">Saved</th>
            </tr>
          </thead>
          <tbody>
            <LearntRow
              name="NVGRE"
              tone="tone-tunnel"
              count={result?.nvgre}
              most={HOSTS * MOST}
              saved={factor}
            />
            <LearntRow
              name="IP Rewrite"
              tone="tone-outer-ip"
              count={result?.rewrite}
              most={HOSTS * MOST}
              saved={1}
            />
          </tbody>
        </table>
        <p class="factor" role="status">
          <strong data-vms={result?.vms}>{factor === undefined ? '…' : `${format(factor)}×`}</strong>
          fewer addresses with NVGRE
        </p>
      </div>
    </section>
  );
}

interface LearntRowProps {
  readonly name: string;
  readonly tone: string;
  readonly count: number | undefined;
  readonly most: number;
  readonly saved: number | undefined;
}

function LearntRow({ name, tone, count, most, saved }: LearntRowProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="number-cell">{count ?? '…'}</td>
      <td class="bar-cell">
        <span class={`amount ${tone}`} style={{ width: `${((count ?? 0) / most) * 100}%` }} />
      </td>
      <td>{saved === undefined ? '' : saved === 1 ? 'saves none' : `factor ${format(saved)}`}</td>
    </tr>
  );
}

const format = (value: number) => String(Math.round(value * 10) / 10);

async function measure(vms: number): Promise<Result> {
  const { everybodyTalks, generateFabric, simulate } = await import('netvirt/simulate');
  const customers = vms === 1 ? 1 : 2;
  const document = generateFabric({ hosts: HOSTS, vms, customers, seed: 1 });
  const policy = validatePolicy(document);
  const traffic = () => [{ now: 0, frames: [...everybodyTalks(policy, 1)], strangers: 0 }];
  const { learned } = await simulate({ document, policy, traffic, paths: 8 });
  return { vms, nvgre: learned.perHost ?? 0, rewrite: learned.perVm ?? 0 };
}
