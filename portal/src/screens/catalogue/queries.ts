import { queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { components } from '../../api/schema';

export type Product = components['schemas']['ProductView'];
export type Entry = components['schemas']['PriceEntryView'];
export type Opened = components['schemas']['OpenView'];
export type OrderRequest = components['schemas']['OrderRequestView'];

/** The views of the catalogue that are open to partners. */
export const SHELVES = ['OnlineServices', 'Azure', 'Software'] as const;

export const productsQuery = (country: string, targetView: string) =>
  queryOptions({
    queryKey: ['products', country, targetView],
    queryFn: () => got(api.GET('/v1/products', { params: { query: { country, targetView } } })),
    staleTime: 300_000,
  });

export const productQuery = (id: string, country: string) =>
  queryOptions({
    queryKey: ['product', id, country],
    queryFn: () =>
      got(api.GET('/v1/products/{product-id}', { params: { path: { 'product-id': id }, query: { country } } })),
  });

/** What can be bought of a product: every availability of every SKU of it. */
export const offersQuery = (id: string, country: string) =>
  queryOptions({
    queryKey: ['product', id, country, 'offers'],
    queryFn: async () => {
      const query = { country };
      const skus = await got(
        api.GET('/v1/products/{product-id}/skus', { params: { path: { 'product-id': id }, query } }),
      );
      return Promise.all(
        skus.items.map(async sku => ({
          sku,
          availabilities: (
            await got(
              api.GET('/v1/products/{product-id}/skus/{sku-id}/availabilities', {
                params: { path: { 'product-id': id, 'sku-id': sku.id }, query },
              }),
            )
          ).items,
        })),
      );
    },
  });

/** Active customers whose name or domain has a part, for a choice. */
export const customersQuery = (search: string) =>
  queryOptions({
    queryKey: ['customers', 'active', search],
    queryFn: async () => {
      const query = { state: 'active', count: '50', ...(search === '' ? {} : { search }) };
      return (await got(api.GET('/program/v1/customers', { params: { query } }))).items;
    },
    placeholderData: before => before,
  });

/** The caller's own price book. */
export const booksQuery = queryOptions({
  queryKey: ['price-books'],
  queryFn: async () => (await got(api.GET('/program/v1/price-books'))).items,
});

export interface Asked {
  item: string;
  term: string;
  customer: string;
  reseller: string;
  provider: string;
}

/** What an item costs and brings on every tier that the caller may see. */
export const previewQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ['price-preview', asked],
    enabled: asked.item !== '',
    queryFn: () => {
      const query = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== '')) as Partial<Asked>;
      return got(api.GET('/program/v1/price-books/preview', { params: { query } }));
    },
  });

/** What providers have opened to the caller, at prices for a customer where one is named. */
export const marketQuery = (customer: string) =>
  queryOptions({
    queryKey: ['marketplace', customer],
    queryFn: async () =>
      (await got(api.GET('/program/v1/marketplace', { params: { query: customer === '' ? {} : { customer } } }))).items,
  });

export const requestsQuery = queryOptions({
  queryKey: ['order-requests'],
  queryFn: async () => (await got(api.GET('/program/v1/order-requests'))).items,
});
