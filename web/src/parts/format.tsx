// Formats times, durations and numbers for readers.
import { useState } from 'preact/hooks';
import { useInterval } from '../api/live';

const pad = (value: number) => String(value).padStart(2, '0');

export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return '–';
  if (seconds < 0.0005) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes, rest] = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${pad(minutes)} m`;
  return `${minutes} m ${pad(rest)} s`;
}

function local(date: Date): string {
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function ago(date: Date, now: number): string {
  const seconds = (now - date.getTime()) / 1000;
  const text = coarse(Math.max(1, Math.floor(Math.abs(seconds))));
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

/** Local time, UTC on hover. `relative`: "3 min ago" for less than a day. */
export function When({ at, relative = false }: { at: string | null | undefined; relative?: boolean }) {
  const [now, setNow] = useState(Date.now());
  useInterval(relative ? 5000 : 3_600_000, () => setNow(Date.now()));
  if (!at) return <span class="faint">–</span>;
  const date = new Date(at);
  const near = relative && Math.abs(now - date.getTime()) < 86_400_000;
  return (
    <time dateTime={at} title={`${local(date)} local\n${at.replace('T', ' ').replace('Z', ' UTC')}`}>
      {near ? ago(date, now) : local(date)}
    </time>
  );
}

/** "2001-06-01", or "2001-06-01 08:30 UTC" if it is not midnight: a schedule of every ten minutes needs the time. */
export function logicalDate(at: string): string {
  const time = at.slice(11).replace(/(:00)?(\.0+)?Z$/, '');
  return time === '00:00' ? at.slice(0, 10) : `${at.slice(0, 10)} ${time} UTC`;
}

/** A logical date is a label, not a moment in the reader's day, so it is shown in UTC. */
export function LogicalDate({ at }: { at: string | null }) {
  if (!at) return <span class="faint">–</span>;
  return (
    <time class="nowrap" dateTime={at} title={`${at.replace('T', ' ').replace('Z', ' UTC')}\n${local(new Date(at))} local`}>
      {logicalDate(at)}
    </time>
  );
}

/** The time since `from`, updated every second. */
export function Elapsed({ from }: { from: string }) {
  const [now, setNow] = useState(Date.now());
  useInterval(1000, () => setNow(Date.now()));
  return <>{duration(Math.max(0, Math.floor((now - Date.parse(from)) / 1000)))}</>;
}

export function number(value: unknown, digits = 4): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : digits);
}

/** A quantity that is not a count: 1 is written as 1.0000, to match values such as 0.6586. */
export function measure(value: unknown): string {
  return typeof value === 'number' && Math.abs(value) < 10 && Number.isInteger(value) ? value.toFixed(4) : number(value);
}

export function percent(value: number | null | undefined, digits = 1): string {
  return value == null ? '–' : `${(value * 100).toFixed(digits)} %`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** What people call a DAG or a model: with its namespace, unless that is `default`. */
export const fullName = (namespace: string, name: string): string => (namespace === 'default' ? name : `${namespace}/${name}`);

/** The way back: the parameters that a request needs for such a name. */
export function splitName(full: string): { namespace?: string; name: string } {
  const slash = full.indexOf('/');
  return slash < 0 ? { name: full } : { namespace: full.slice(0, slash), name: full.slice(slash + 1) };
}

/** The principal, and for whom it asked. */
export const requester = (actor: string, onBehalfOf: string): string => (onBehalfOf ? `${actor} for ${onBehalfOf}` : actor);
