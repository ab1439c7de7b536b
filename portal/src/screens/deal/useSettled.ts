import { useEffect, useState } from 'react';

/** Milliseconds without another key after which the server is asked. */
const SETTLED_MS = 200;

/** A value once it has stopped changing, so that not every key asks the server. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(JSON.parse(text) as T), SETTLED_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
