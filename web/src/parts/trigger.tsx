// Starts a run manually. The DAG's params define the form. One dialog sends one command: a second click, or a click
// after a lost answer, refers to the same run (Idempotency-Key).
import { useRef, useState } from 'preact/hooks';
import { triggerRun, type Dag } from '../api/api.gen';
import { fullName } from './format';
import { ApiError } from '../api/http';
import { Dialog, Problem } from './basics';
import { navigate } from '../router';

interface ParamSchema {
  type?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
}
interface Param {
  name: string;
  schema: ParamSchema;
}

const asText = (value: unknown) => (value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** The value of a field's text; undefined: not given, so that the default applies, digit for digit. */
function valueOf({ name, schema }: Param, text: string): unknown {
  if (text === '' || text === asText(schema.default)) return undefined;
  if (schema.type === 'string') return text;
  if (schema.type === 'boolean') return text === 'true';
  if (schema.type === 'integer' || schema.type === 'number') {
    const value = Number(text);
    if (Number.isNaN(value)) throw new ApiError(400, `${name} must be a number.`);
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new ApiError(400, `${name} has more digits than a browser can store; start the run with 'millrace trigger'.`);
    return value;
  }
  try {
    const value: unknown = JSON.parse(text);
    // Without a type, only text that JSON writes back unchanged is JSON: 1.10 is a text, 1.1 a number.
    return schema.type || JSON.stringify(value) === text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1') ? value : text;
  } catch {
    return text;
  }
}

function Field({ param, text, onText }: { param: Param; text: string; onText: (text: string) => void }) {
  const { schema } = param;
  const choices = schema.type === 'boolean' ? ['true', 'false'] : schema.enum?.map(asText);
  const range = [schema.minimum != null && `from ${schema.minimum}`, schema.maximum != null && `to ${schema.maximum}`].filter(Boolean).join(' ');
  return (
    <label>
      <span>
        {param.name} <span class="faint">{[schema.type, range].filter(Boolean).join(', ')}</span>
      </span>
      {choices ? (
        <select value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {schema.default === undefined && <option value="">–</option>}
          {choices.map((choice) => (
            <option value={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          value={text}
          inputMode={schema.type === 'integer' || schema.type === 'number' ? 'decimal' : undefined}
          required={schema.default === undefined}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      )}
      {schema.description && <span class="note">{schema.description}</span>}
    </label>
  );
}

export function TriggerDialog({ dag, onClose }: { dag: Dag; onClose: () => void }) {
  const params = dag.params as Param[];
  const [texts, setTexts] = useState<Record<string, string>>(
    Object.fromEntries(params.map((param) => [param.name, asText(param.schema.default)])),
  );
  const [date, setDate] = useState('');
  const [time, setTime] = useState('00:00');
  const zone = dag.time_zone ?? 'UTC'; // the server reads a date without an offset in the DAG's zone
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const key = useRef(`dashboard-${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const changed = <T,>(set: (value: T) => void) => (value: T) => {
    key.current = `dashboard-${Date.now()}-${Math.random().toString(36).slice(2)}`; // a different command
    set(value);
  };

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const values = Object.fromEntries(params.map((param) => [param.name, valueOf(param, texts[param.name])]));
      const result = await triggerRun(
        dag.dag,
        { params: values, logical_date: date ? `${date}T${time || '00:00'}:00` : undefined, reason },
        { namespace: dag.namespace },
        { 'Idempotency-Key': key.current },
      );
      navigate(`/runs/${result.run}`);
    } catch (caught) {
      setError(caught as ApiError);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Trigger ${fullName(dag.namespace, dag.dag)}`} onClose={onClose}>
      <form onSubmit={submit}>
        {params.map((param) => (
          <Field
            key={param.name}
            param={param}
            text={texts[param.name]}
            onText={changed((text: string) => setTexts((old) => ({ ...old, [param.name]: text })))}
          />
        ))}
        <fieldset>
          <legend>
            Logical date <span class="faint">optional, in {zone}</span>
          </legend>
          <input type="date" aria-label="Date" value={date} onInput={(event) => changed(setDate)(event.currentTarget.value)} />
          <input type="time" aria-label="Time" value={time} disabled={!date} onInput={(event) => changed(setTime)(event.currentTarget.value)} />
        </fieldset>
        <label>
          <span>
            Reason <span class="faint">optional</span>
          </span>
          <input value={reason} maxLength={500} placeholder="stored in the journal" onInput={(event) => changed(setReason)(event.currentTarget.value)} />
        </label>
        {error && <Problem error={error} />}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Close
          </button>
          <button class="solid" disabled={busy}>
            Trigger
          </button>
        </div>
      </form>
    </Dialog>
  );
}
