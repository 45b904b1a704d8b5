// The output of one attempt: complete if it has ended, followed while it runs. Keeps only the end of a very long one.
import { useEffect, useRef, useState } from 'preact/hooks';

const kept = 400_000;

export function Log({ run, task, mapIndex, attempt }: { run: string; task: string; mapIndex: number; attempt: number }) {
  const [text, setText] = useState('');
  const [state, setState] = useState<'open' | 'ended' | 'broken'>('open');
  const [cut, setCut] = useState(false);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    setText('');
    setCut(false);
    setState('open');
    const source = new EventSource(
      `/api/v1/runs/${run}/tasks/${encodeURIComponent(task)}/logs?follow=1&map_index=${mapIndex}&attempt=${attempt}`,
    );
    source.onopen = () => setState('open');
    source.onmessage = (event) => {
      const piece = JSON.parse(event.data) as { text: string };
      setText((old) => {
        const all = old + piece.text;
        if (all.length <= kept) return all;
        setCut(true);
        return all.slice(all.indexOf('\n', all.length - kept) + 1);
      });
    };
    source.addEventListener('end', () => {
      source.close();
      setState('ended');
    });
    source.onerror = () => setState('broken');
    return () => source.close();
  }, [run, task, mapIndex, attempt]);

  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);

  const onScroll = () => {
    const pre = box.current;
    if (pre) atEnd.current = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 24;
  };
  return (
    <div class="log">
      <div class="log-head">
        <span>
          Log of attempt {attempt}
          {cut && <span class="faint"> · only the end is shown</span>}
        </span>
        <span class={state === 'open' ? 'connection live' : 'faint'}>
          {state === 'open' && <i aria-hidden="true" />}
          {{ open: 'following', ended: 'complete', broken: 'reconnecting' }[state]}
        </span>
      </div>
      <pre ref={box} onScroll={onScroll} tabIndex={0} aria-label="Log" aria-live="off">
        {text || (state === 'ended' ? 'The attempt wrote no output.' : ' ')}
      </pre>
    </div>
  );
}
