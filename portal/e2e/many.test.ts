import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';
import { serverOf } from './many.ts';

const CUSTOMERS = 10_000;
/** Most rows of a list that are in the page at a time. */
const ROWS_MAX = 60;

let portal: Portal;
before(async () => {
  portal = await Portal.open(await serverOf([{ provider: 'large', resellers: 20, customers: CUSTOMERS }]));
});
after(() => portal.close());

/** Scrolls on until so many rows are there; answers how many were in the page at most, looked at after every change. */
async function scrolledTo(page: Page, least: number): Promise<number> {
  await page.evaluate(() => {
    const grid = document.querySelector('[role=grid]');
    if (grid === null) return;
    const look = () => {
      const rows = grid.querySelectorAll('[role=row]').length;
      grid.setAttribute('data-most', String(Math.max(rows, Number(grid.getAttribute('data-most') ?? 0))));
    };
    look();
    new MutationObserver(look).observe(grid, { childList: true, subtree: true });
  });
  await page.waitForFunction(
    rows => {
      const grid = document.querySelector('[role=grid]');
      if (grid === null) return false;
      grid.scrollTop = grid.scrollHeight;
      return Number(grid.getAttribute('aria-rowcount')) > rows;
    },
    least,
    { timeout: 60_000 },
  );
  return Number(await page.getByRole('grid').getAttribute('data-most'));
}

test('ten thousand customers come page by page, and few rows are in the page at any time', async () => {
  const page = await portal.as('large', '/customers');
  await page.getByRole('row', { name: /Customer 00000/ }).waitFor();
  const most = await scrolledTo(page, CUSTOMERS);
  await page.getByRole('grid').evaluate(grid => {
    grid.scrollTop = grid.scrollHeight;
  });
  await page.getByRole('row', { name: /Customer 09999/ }).waitFor();
  const more = await scrolledTo(page, CUSTOMERS);
  console.log(`${CUSTOMERS} customers, at most ${Math.max(most, more)} rows in the page`);
  assert.ok(Math.max(most, more) <= ROWS_MAX, `${Math.max(most, more)} rows`);
  await portal.checked(page);
  await page.getByRole('searchbox').fill('customer 0777');
  await page.waitForFunction(() => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '11');
  await page.getByRole('row', { name: /Customer 07777/ }).waitFor();
  await portal.checked(page);
});

test('the next page does not wait for another look at those before, and comes after a failure', async () => {
  const page = await portal.as('large', '/customers');
  await page.getByRole('row', { name: /Customer 00000/ }).waitFor();
  await scrolledTo(page, 400);
  // Everything is asked for again, and the first page does not answer.
  const held: (() => void)[] = [];
  await page.route('**/program/v1/customers?*', route => {
    if (new URL(route.request().url()).searchParams.has('after')) return route.continue();
    held.push(() => void route.continue().catch(() => undefined));
    return undefined;
  });
  await page.getByRole('button', { name: 'Language: 日本語' }).click();
  await page.getByRole('heading', { level: 1, name: '顧客' }).waitFor();
  await scrolledTo(page, 1_000);
  for (const go of held.splice(0)) go();
  await page.unroute('**/program/v1/customers?*');

  await page.route('**/program/v1/customers?*', route => route.abort());
  await page.getByRole('grid').evaluate(grid => {
    grid.scrollTop = grid.scrollHeight;
  });
  await page.locator('[data-trouble=lost]').waitFor();
  const rows = Number(await page.getByRole('grid').getAttribute('aria-rowcount'));
  await page.unroute('**/program/v1/customers?*');
  await page.locator('[data-trouble=lost]').getByRole('button').click();
  await scrolledTo(page, rows);
  portal.forgive(page, /ERR_FAILED/);
  await portal.checked(page);
});
