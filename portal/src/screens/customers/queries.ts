import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Customer = Answered<'/program/v1/customers', 'get'>['items'][number];
export type TieState = NonNullable<Customer['state']>;
export type Rights = Answered<'/program/v1/admin-relationships', 'get'>['items'][number];
export type Profile = Answered<'/v1/customers/{customer-id}/profiles/billing', 'get'>;
export type DirectoryUser = Answered<'/v1/customers/{customer-id}/users', 'get'>['items'][number];
export type Stock = Answered<'/v1/customers/{customer-id}/subscribedskus', 'get'>['items'][number];
export type Event = Answered<'/program/v1/customers/{id}/timeline', 'get'>['items'][number];

/** A part of the query, left out where it is empty. */
const given = (parts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ''));

/** What is seen at once comes first, so that it comes soon. */
const FIRST = '60';
const REST = '200';

/** Customers by name, page by page. */
const customersQuery = (search: string, country: string, state: string) =>
  infiniteQueryOptions({
    queryKey: ['customers', search, country, state],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/customers', {
          params: {
            query: given({ search, country, state, count: pageParam === '' ? FIRST : REST, after: pageParam }),
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
  });

const isCode = (text: string): boolean => /^[A-Za-z]{2}$/.test(text);

/** The customers that an address asks for; what is no country yet narrows nothing. */
export const listed = ({ search = '', country = '', state = '' }: Partial<Record<string, string>>) =>
  customersQuery(search.slice(0, 100), isCode(country) ? country : '', state);

/** One of them, as it stands in the list; none where it is not the caller's. */
export const customerQuery = (name: string) =>
  queryOptions({
    queryKey: ['customer', name],
    queryFn: async () => {
      let after = '';
      for (;;) {
        // A short name begins its domain; whatever else that finds is not it.
        const page = await got(
          api.GET('/program/v1/customers', { params: { query: given({ search: name, count: '200', after }) } }),
        );
        const found = page.items.find(one => one.name === name || one.id === name);
        if (found !== undefined) return found;
        if (page.next === undefined) break;
        after = page.next;
      }
      return null;
    },
  });

const of = (customer: string) => ({ params: { path: { 'customer-id': customer } } });

/** Confirmations of the customer's agreement, as the partner made them. */
export const agreementsQuery = (customer: string) =>
  queryOptions({
    queryKey: ['agreements', customer],
    queryFn: () =>
      got(
        api.GET('/v1/customers/{customer-id}/agreements', {
          params: { ...of(customer).params, query: { agreementType: '*' } },
        }),
      ),
  });

/** To whom the customer's bills go. */
export const profileQuery = (customer: string) =>
  queryOptions({
    queryKey: ['billing-profile', customer],
    queryFn: () => got(api.GET('/v1/customers/{customer-id}/profiles/billing', of(customer))),
  });

/** What the partner ordered for the customer. */
export const ordersQuery = (customer: string) =>
  queryOptions({
    queryKey: ['orders', customer],
    queryFn: () => got(api.GET('/v1/customers/{customer-id}/orders', of(customer))),
  });

/** Invoices that the caller issued, or received. */
export const invoicesQuery = (side: 'issued' | 'received') =>
  queryOptions({
    queryKey: ['invoices', side],
    queryFn: () => got(api.GET('/program/v1/invoices', { params: { query: { side } } })),
  });

/** Granular rights over a customer; over the one that asks without a name. */
export const rightsQuery = (customer?: string) =>
  queryOptions({
    queryKey: ['rights', customer ?? ''],
    queryFn: () =>
      got(
        api.GET('/program/v1/admin-relationships', {
          params: { query: customer === undefined ? {} : { customer } },
        }),
      ),
  });

/** What a partner's user may do for a customer; the caller itself without a name. */
export const accessQuery = (customer: string, user: string) =>
  queryOptions({
    queryKey: ['access', customer, user],
    queryFn: () =>
      got(
        api.GET('/program/v1/customers/{id}/effective-access', {
          params: { path: { id: customer }, query: given({ user }) },
        }),
      ),
  });

/** The partner's security groups. */
export const groupsQuery = queryOptions({
  queryKey: ['security-groups'],
  queryFn: () => got(api.GET('/program/v1/security-groups')),
});

/** Who helps the customer with a subscription. */
export const supportQuery = (customer: string, subscription: string) =>
  queryOptions({
    queryKey: ['support', customer, subscription],
    queryFn: () =>
      got(
        api.GET('/v1/customers/{customer-id}/subscriptions/{subscription-id}/supportcontact', {
          params: { path: { 'customer-id': customer, 'subscription-id': subscription } },
        }),
      ),
  });

/** Users of one answer. */
const USERS = 500;

/** The customer's users, or those that can be restored; all of them. */
export const usersQuery = (customer: string, isDeleted: boolean) =>
  queryOptions({
    queryKey: ['directory-users', customer, isDeleted],
    queryFn: async () => {
      const value = isDeleted ? 'Inactive' : 'Active';
      const filter = JSON.stringify({ Field: 'UserState', Value: value, Operator: 'equals' });
      const users: DirectoryUser[] = [];
      for (;;) {
        const query = { filter, size: USERS, offset: users.length };
        const params = { ...of(customer).params, query };
        const { items } = await got(api.GET('/v1/customers/{customer-id}/users', { params }));
        users.push(...items);
        if (items.length < USERS) return users;
      }
    },
  });

/** Licences are kept by the directory and by services, and listed apart. */
const LICENCE_GROUPS = ['group1', 'group2'];

/** What the customer holds by licence, and what of it is in use. */
export const stockQuery = (customer: string) =>
  queryOptions({
    queryKey: ['licences', customer],
    queryFn: async () => {
      const asked = LICENCE_GROUPS.map(group => {
        const params = { ...of(customer).params, query: { licenseGroupIds: group } };
        return got(api.GET('/v1/customers/{customer-id}/subscribedskus', { params }));
      });
      return (await Promise.all(asked)).flatMap(one => one.items);
    },
  });

/** The licences that a user uses. */
export const licencesQuery = (customer: string, user: string) =>
  queryOptions({
    queryKey: ['licences', customer, user],
    queryFn: async () => {
      const asked = LICENCE_GROUPS.map(group => {
        const path = { ...of(customer).params.path, 'user-id': user };
        const params = { path, query: { licenseGroupIds: group } };
        return got(api.GET('/v1/customers/{customer-id}/users/{user-id}/licenses', { params }));
      });
      return (await Promise.all(asked)).flatMap(one => one.items);
    },
  });

/** What happened to a customer, the latest first. */
export const timelineQuery = (customer: string) =>
  infiniteQueryOptions({
    queryKey: ['timeline', customer],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/customers/{id}/timeline', {
          params: { path: { id: customer }, query: given({ count: '100', after: pageParam }) },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });
