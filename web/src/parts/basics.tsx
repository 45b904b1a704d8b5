// Small components that several pages share.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Run } from '../api/api.gen';
import { ApiError } from '../api/http';
import { duration, logicalDate } from './format';
import { Link } from '../router';

/** A state, as a colour and a word. */
export function State({ value }: { value: string }) {
  return (
    <span class={`state s-${value}`}>
      <i aria-hidden="true" />
      {value.replaceAll('_', ' ')}
    </span>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Problem({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="problem" role="alert">
      <div>
        <strong>{error.message}</strong>
        {error.errors.length > 1 && (
          <ul>
            {error.errors.map((item) => (
              <li>
                <code>{item.pointer.replace(/[{}?]|^\//g, '').replaceAll('/', '.')}</code> {item.detail}
              </li>
            ))}
          </ul>
        )}
      </div>
      {retry && <button onClick={retry}>Try again</button>}
    </div>
  );
}

/** Shown until the first answer arrives, or if it fails. */
export function Pending({ error, retry }: { error?: ApiError; retry?: () => void }) {
  return error ? <Problem error={error} retry={retry} /> : <div class="pending" aria-busy="true">Loading…</div>;
}

/** The last runs of a DAG, from left (oldest) to right. */
export function Squares({ runs }: { runs: Run[] }) {
  if (runs.length === 0) return <span class="faint">none yet</span>;
  return (
    <span class="squares">
      {[...runs].reverse().map((run) => (
        <Link
          key={run.run}
          to={`/runs/${run.run}`}
          class={`square s-${run.status}`}
          title={`${run.status}, ${run.logical_date ? logicalDate(run.logical_date) : run.created_at}, ${duration(run.duration_s)}`}
          aria-label={`Run ${run.status}`}
        >
          {' '}
        </Link>
      ))}
    </span>
  );
}

/** A modal dialog. Escape and the backdrop close it, and the focus returns. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

type ActionProps = {
  label: string;
  title: string;
  text: ComponentChildren;
  danger?: boolean;
  disabled?: boolean;
  act: (reason: string) => Promise<unknown>;
};

/** A button that asks for confirmation and for a reason, which is stored in the journal. */
export function Action({ label, title, text, danger, disabled, act }: ActionProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<ApiError>();
  const close = () => {
    setOpen(false);
    setError(undefined);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await act(reason);
      close();
    } catch (caught) {
      setError(caught as ApiError);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button class={danger ? 'danger' : ''} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      {open && (
        <Dialog title={title} onClose={close}>
          <form onSubmit={submit}>
            <p>{text}</p>
            <label>
              Reason
              <input value={reason} maxLength={500} placeholder="stored in the journal" onInput={(event) => setReason(event.currentTarget.value)} />
            </label>
            {error && <Problem error={error} />}
            <div class="buttons">
              <button type="button" onClick={close}>
                Close
              </button>
              <button class={danger ? 'danger solid' : 'solid'} disabled={busy}>
                {label}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

export function Digest({ value }: { value: string }) {
  return value ? (
    <code title={value}>{value.slice(0, 10)}</code>
  ) : (
    <span class="faint">–</span>
  );
}

/** Text of a YAML file: the parts between backticks are code. */
export function Words({ text }: { text: string }) {
  return <>{text.split('`').map((part, i) => (i % 2 ? <code>{part}</code> : part))}</>;
}

export function JsonBlock({ value }: { value: unknown }) {
  return <pre class="json">{JSON.stringify(value, null, 2)}</pre>;
}

export const isEmpty = (value: unknown): boolean =>
  value == null || (typeof value === 'object' && Object.keys(value as object).length === 0);
