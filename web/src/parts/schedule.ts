// The schedule of a DAG in words. A cron expression that has no short wording stays as it is.
import type { Dag } from '../api/api.gen';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const isNumber = (field: string) => /^\d+$/.test(field);
const pad = (field: string) => field.padStart(2, '0');

function ordinal(day: number): string {
  const tens = day % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${day}${ending}`;
}

function dayName(field: string): string | undefined {
  if (/^[0-7]$/.test(field)) return days[Number(field) % 7];
  return days.find((name) => name.slice(0, 3).toUpperCase() === field.toUpperCase());
}

function daysInWords(field: string): string | undefined {
  const names = field.split(',').map((part) => {
    const ends = part.split('-').map(dayName);
    return ends.every(Boolean) && ends.length < 3 ? ends.join(' to ') : undefined;
  });
  return names.every(Boolean) ? names.join(', ') : undefined;
}

function monthName(field: string): string | undefined {
  if (isNumber(field)) return months[Number(field) - 1];
  return months.find((name) => name.slice(0, 3).toUpperCase() === field.toUpperCase());
}

const steps = /^\*\/(\d+)$/;

/** One line of a cron expression or an interval, e.g. "daily at 03:00". */
export function cronInWords(text: string): string {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return text;
  const [minute, hour, day, month, weekday] = fields;
  const everyDay = day === '*' && month === '*' && weekday === '*';
  if (minute === '*' && hour === '*' && everyDay) return 'every minute';
  const minutes = steps.exec(minute);
  if (minutes && hour === '*' && everyDay) return `every ${minutes[1]} minutes`;
  if (!isNumber(minute)) return text;
  if (hour === '*' && everyDay) return minute === '0' ? 'hourly' : `hourly at ${pad(minute)} past`;
  const hours = steps.exec(hour);
  if (hours && everyDay) return `every ${hours[1]} hours${minute === '0' ? '' : ` at ${pad(minute)} past`}`;
  if (!isNumber(hour)) return text;
  const at = `at ${pad(hour)}:${pad(minute)}`;
  if (everyDay) return `daily ${at}`;
  if (day === '*' && month === '*') {
    const names = daysInWords(weekday);
    return names ? `${weekday.includes('-') ? names : `every ${names}`} ${at}` : text;
  }
  if (weekday !== '*' || !isNumber(day)) return text;
  if (month === '*') return `monthly on the ${ordinal(Number(day))} ${at}`;
  const name = monthName(month);
  return name ? `yearly on ${day} ${name} ${at}` : text;
}

/** What starts the DAG by itself. */
export function startsInWords(dag: Dag): string {
  const ways: string[] = [];
  if (dag.cron) ways.push(dag.cron.split('; ').map(cronInWords).join(' and '));
  if (dag.datasets.length) ways.push(`when ${dag.datasets.join(' or ')} is updated`);
  const event = dag.on_event as { type?: string } | null;
  if (event?.type) ways.push(`on the event ${event.type}`);
  if (dag.on_webhook) ways.push('by its webhook');
  return ways.length ? ways.join(', or ') : 'only when triggered';
}
