/** Fabric: hosts, VMs of several customers, and a packet that travels between them. */

import { useEffect, useState } from 'preact/hooks';
import { session } from '../session.ts';
import { useStore } from '../ui/store.ts';
import { Controls } from './controls.tsx';
import { JourneyView } from './journey.tsx';
import { Learning } from './learning.tsx';
import { FabricMap } from './map.tsx';
import { send, sending, settle } from './sending.ts';

export function FabricView() {
  const { fabric, revision } = useStore(session);
  const { failure: notSent } = useStore(sending);
  const [refused, refuse] = useState<string | undefined>(undefined);
  useEffect(() => {
    if (fabric === undefined) return;
    settle(fabric.policy);
    send();
  }, [fabric, revision]);
  if (fabric === undefined) return <p class="hint">Starting the dataplanes…</p>;
  const failure = refused ?? notSent;
  return (
    <div class="fabric">
      <div class="intro">
        <h1>Many networks on one wire</h1>
        <p>
          The customers below use the <em>same addresses</em> on the <em>same hosts</em>. Send a packet and
          see what each stop makes of it, byte by byte. Drag VMs around, let them lie, cut hosts off.
        </p>
      </div>
      <Controls policy={fabric.policy} />
      {failure === undefined ? null : (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <FabricMap policy={fabric.policy} onFailure={refuse} />
      <JourneyView />
      <Learning />
    </div>
  );
}
