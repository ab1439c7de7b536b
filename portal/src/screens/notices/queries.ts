import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Notice = Answered<'/program/v1/notices', 'get'>['items'][number];
export type Offer = Answered<'/program/v1/support-offers', 'get'>['items'][number];

/** Which notices are shown. */
export const BOXES = ['unread', 'received', 'sent'] as const;
export type Box = (typeof BOXES)[number];

/** The box of an address; what was received without one. */
export const boxOf = (text: string): Box => BOXES.find(one => one === text) ?? 'received';

/** What was written to whoever looks, or by them, the latest first. */
export const noticesQuery = (box: Box) =>
  infiniteQueryOptions({
    queryKey: ['notices', box],
    queryFn: ({ pageParam }) => {
      const query = {
        count: '100',
        ...(box === 'sent' ? { box } : {}),
        ...(box === 'unread' ? { state: box } : {}),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/notices', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/** What support is like: one's own word as a partner, or those of one's partners. */
export const offersQuery = queryOptions({
  queryKey: ['support-offers'],
  queryFn: async () => (await got(api.GET('/program/v1/support-offers'))).items,
});
