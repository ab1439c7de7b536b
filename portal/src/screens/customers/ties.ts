import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { mapQuery } from '../map/queries';

/** Who serves a customer, as far as the caller may know. */
export function useTies(customer: string) {
  const map = useQuery(mapQuery);
  const ties = useMemo(() => {
    const { nodes = [], edges = [] } = map.data ?? {};
    const own = nodes.find(node => node.kind === 'customer' && node.name === customer);
    return edges
      .filter(edge => edge.kind === 'relationship' && edge.to === own?.id)
      .flatMap(edge => {
        const partner = nodes.find(node => node.id === edge.from);
        return partner === undefined ? [] : [{ ...edge, partner }];
      });
  }, [map.data, customer]);
  return { map, ties };
}
