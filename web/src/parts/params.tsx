// The fields of a DAG's params in a form.
import { ApiError } from '../api/http';

interface ParamSchema {
  type?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
}
export interface Param {
  name: string;
  schema: ParamSchema;
}

export const asText = (value: unknown) => (value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value));

/** The value of a field's text; undefined: not given, so that the default applies, digit for digit. */
export function valueOf({ name, schema }: Param, text: string): unknown {
  if (text === '' || text === asText(schema.default)) return undefined;
  if (schema.type === 'string') return text;
  if (schema.type === 'boolean') return text === 'true';
  if (schema.type === 'integer' || schema.type === 'number') {
    const value = Number(text);
    if (Number.isNaN(value)) throw new ApiError(400, `${name} must be a number.`);
    if (Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new ApiError(400, `${name} has more digits than a browser can store; use the command line.`);
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

export function Field({ param, text, onText }: { param: Param; text: string; onText: (text: string) => void }) {
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
