import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

/** A part of the path, such as `id` of `/rules/$id`. */
export function useParam(name: string): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  return params[name] ?? '';
}

/** All of the query, as texts. */
export function useQueryTexts(): Record<string, string | undefined> {
  return useSearch({ strict: false });
}

/**
 * A text that stands in the address, such as a search or a filter, so that a link shows the same and going back undoes it. Empty
 * texts are left out.
 */
export function useInAddress(name: string): [string, (value: string) => void] {
  const value = useQueryTexts()[name] ?? '';
  const navigate = useNavigate();
  return [
    value,
    next =>
      void navigate({
        to: '.',
        replace: true,
        search: (old: Record<string, string>) => {
          const rest = Object.fromEntries(Object.entries(old).filter(([other]) => other !== name));
          return next === '' ? rest : { ...rest, [name]: next };
        },
      }),
  ];
}

/** The same for several texts at once: what is changed is put into the address, an empty text is taken out. */
export function useAllInAddress(): [Record<string, string | undefined>, (change: Record<string, string>) => void] {
  const all = useQueryTexts();
  const navigate = useNavigate();
  return [
    all,
    change =>
      void navigate({
        to: '.',
        replace: true,
        search: (old: Record<string, string>) =>
          Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value !== '')),
      }),
  ];
}

/** Goes to a path of the portal. */
export function useGo(): (to: string) => void {
  const navigate = useNavigate();
  return to => void navigate({ href: to });
}
