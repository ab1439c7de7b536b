import { useMutation } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';

import { queries } from '../api/queries';
import { Trouble } from '../api/trouble';
import { keep, kept, tab } from '../store';

/** A deed under way: what a button and the answer beside it need. */
export interface Act<I, O> {
  /** Does it. What comes back is the result, or undefined where it did not work; `trouble` says why. */
  run: (input: I) => Promise<O | undefined>;
  busy: boolean;
  trouble: Trouble | null;
  /** Tries once more with the same, where nothing else follows from it. */
  again: (() => void) | null;
  clear: () => void;
}

/**
 * Something that changes the program. `call` gets the input and an id to send as `MS-RequestId`: the same one again after an
 * answer was lost, so that nothing is done twice. Afterwards everything that is shown is asked for again.
 *
 * ```ts
 * const invite = useAct((body: Invitation, id) => got(api.POST('/program/v1/…', { body, headers: { 'MS-RequestId': id } })));
 * ```
 */
export function useAct<I, O>(call: (input: I, id: string) => Promise<O>): Act<I, O> {
  // Of what was sent last and has had no answer yet: what is otherwise is something else, and has an id of its own.
  const sent = useRef<{ id: string; what: string } | null>(null);
  const [last, setLast] = useState<{ input: I } | null>(null);
  const mutation = useMutation<O, Error, I>({
    mutationFn: input => {
      const what = JSON.stringify(input);
      if (sent.current?.what !== what) sent.current = { id: crypto.randomUUID(), what };
      return call(input, sent.current.id);
    },
    onSuccess: () => {
      sent.current = null;
      return queries.invalidateQueries();
    },
    onError: error => {
      if (!(error instanceof Trouble && (error.kind === 'lost' || error.kind === 'failed'))) sent.current = null;
    },
  });
  const { mutateAsync, reset } = mutation;
  const run = useCallback(
    async (input: I) => {
      setLast({ input });
      try {
        return await mutateAsync(input);
      } catch {
        return undefined;
      }
    },
    [mutateAsync],
  );
  return {
    run,
    busy: mutation.isPending,
    trouble: asTrouble(mutation.error),
    again: last === null ? null : () => void run(last.input),
    clear: reset,
  };
}

/** A failure of any kind as one that can be told. */
export function asTrouble(error: Error | null): Trouble | null {
  if (error === null || error instanceof Trouble) return error;
  return new Trouble('failed', { text: error.message });
}

/**
 * What somebody types, kept in this tab under a name until it is sent: a reload, a lost connection or another sign-in loses
 * nothing.
 */
export function useDraft<T extends object>(name: string, first: T): [T, (change: Partial<T>) => void, () => void] {
  const key = `tierline.draft.${name}`;
  const [value, setValue] = useState<T>(() => {
    const text = kept(tab, key);
    return text === null ? first : { ...first, ...(JSON.parse(text) as Partial<T>) };
  });
  const change = useCallback(
    (part: Partial<T>) =>
      setValue(old => {
        const next = { ...old, ...part };
        keep(tab, key, JSON.stringify(next));
        return next;
      }),
    [key],
  );
  const forget = () => {
    keep(tab, key, null);
    setValue(first);
  };
  return [value, change, forget];
}
