/** Layers and their fields; pointing at one, or focusing it, frames its bytes. */

import type { LayerField } from 'netvirt/inspect';
import type { Range } from './hex.tsx';
import type { ShownLayer } from './tones.ts';

export interface FieldsProps {
  readonly layers: readonly ShownLayer[];
  readonly changed: readonly boolean[];
  readonly chosen: Range | undefined;
  readonly onChoose: (range: Range | undefined) => void;
}

export function Fields({ layers, changed, chosen, onChoose }: FieldsProps) {
  return (
    <div class="layers" onPointerLeave={() => onChoose(undefined)}>
      {layers.map((layer) => (
        <details key={`${layer.number} ${layer.title}`} open={layer.fields.length > 0} class="layer">
          <summary class={layer.tone} onPointerEnter={() => onChoose(layer)} onFocus={() => onChoose(layer)}>
            <span class="number">{layer.number}</span>
            <span class="layer-name">{layer.label}</span>
            <span class="size">{layer.length} bytes</span>
            {layer.fault === undefined ? null : <strong class="fault">{layer.fault}</strong>}
          </summary>
          {layer.fields.length === 0 ? null : (
            <ul>
              {layer.fields.map((field) => (
                <li key={field.name}>
                  <FieldButton
                    field={field}
                    isChanged={isChanged(field, changed)}
                    isChosen={chosen === field}
                    onChoose={onChoose}
                  />
                </li>
              ))}
            </ul>
          )}
        </details>
      ))}
    </div>
  );
}

interface FieldButtonProps {
  readonly field: LayerField;
  readonly isChanged: boolean;
  readonly isChosen: boolean;
  readonly onChoose: (range: Range | undefined) => void;
}

function FieldButton({ field, isChanged, isChosen, onChoose }: FieldButtonProps) {
  const choose = () => onChoose(field);
  return (
    <button
      type="button"
      class={isChosen ? 'field chosen' : 'field'}
      onPointerEnter={choose}
      onFocus={choose}
      onClick={choose}
    >
      <span class="field-name">{field.name}</span>
      <span class={isChanged ? 'field-value changed' : 'field-value'}>
        {field.value}
        {isChanged ? <span class="hidden"> (changed)</span> : null}
      </span>
      {field.note === undefined ? null : (
        <span class={field.note === 'wrong' ? 'note fault' : 'note'}>{field.note}</span>
      )}
    </button>
  );
}

function isChanged({ offset, length }: LayerField, changed: readonly boolean[]): boolean {
  for (let at = offset; at < offset + length; at++) if (changed[at] === true) return true;
  return false;
}
