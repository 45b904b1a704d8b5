// Starts a run manually. The DAG's params define the form. One dialog sends one command: a second click, or a click
// after a lost answer, refers to the same run (Idempotency-Key).
import { useRef, useState } from 'preact/hooks';
import { triggerRun, type Dag } from '../api/api.gen';
import { fullName } from './format';
import { ApiError } from '../api/http';
import { Dialog, Problem } from './basics';
import { Field, asText, valueOf, type Param } from './params';
import { navigate } from '../router';

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
