import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal, textOf } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('an invoice leads down to its line, the event and the subscription', async () => {
  const page = await portal.as('cedar', '/billing');
  await page.getByRole('grid', { name: 'Received: what you owe' }).waitFor();
  await portal.checked(page);
  await page.getByRole('searchbox').fill('meridian-000008');
  await page.getByRole('link', { name: 'meridian-000008' }).click();
  await page.getByRole('heading', { level: 1, name: 'meridian-000008' }).waitFor();
  const line = page.getByRole('row', { name: /Desk Premium.*Red Rock Dental LLC/ });
  await line.getByText('US$585.10').waitFor();
  await portal.checked(page);
  await line.getByRole('link', { name: 'Desk Premium' }).click();
  await page.getByRole('heading', { level: 1, name: 'Desk Premium' }).waitFor();
  // The event: how the amount follows from the price, and what it means in the caller's own books.
  await page.getByText('25 x 1/12 x 1/1 line').waitFor();
  await page.getByText('Billing cycle').waitFor();
  await page.getByText('Cost / Payable').waitFor();
  // The subscription it happened to.
  const subscription = page.getByRole('region', { name: 'The subscription' });
  await subscription.getByText('sub-red-rock-dental').waitFor();
  await subscription.getByText('25', { exact: true }).waitFor();
  await portal.checked(page);
  // The way back stands on the page.
  await page.getByRole('link', { name: 'meridian-000008' }).click();
  await page.getByRole('heading', { level: 1, name: 'meridian-000008' }).waitFor();
});

test('an invoice comes as paper, and its lines as files that a worker makes', async () => {
  const page = await portal.as('meridian', '/billing/invoices/meridian-000008');
  const paper = page.waitForEvent('download');
  await page.getByRole('button', { name: 'PDF' }).click();
  assert.equal((await paper).suggestedFilename(), 'meridian-000008.pdf');
  const table = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Lines as CSV' }).click();
  const lines = (await textOf(await table)).trim().split(/\r?\n/);
  assert.equal(lines.length, 9, 'a head and eight lines');
  assert.match(lines.join(' '), /Desk Premium|desk-premium/);
  await page.getByRole('button', { name: 'Make the files' }).click();
  await page.locator('[data-export=succeeded]').waitFor();
  await page.getByText('8 of 8 lines written').waitFor();
  await portal.checked(page);
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'part-00001.json.gz' }).click();
  assert.match((await file).suggestedFilename(), /meridian-000008-part-00001/);
});

test('each tier sees its own edges, and a stranger none', async () => {
  const harbor = await portal.as('harbor', '/billing/invoices/meridian-000008');
  await harbor.getByText('It does not exist, or is not yours to see').first().waitFor();
  portal.forgive(harbor, /404/);
  await portal.checked(harbor);

  const customer = await portal.as('customer:red-rock-dental', '/billing', { viewport: PHONE, locale: 'ja-JP' });
  await customer.getByRole('link', { name: 'cedar-000007' }).waitFor();
  assert.equal(await customer.getByRole('tab').count(), 2);
  await portal.checked(customer);
});

test('account, margins, books and runs', async () => {
  const page = await portal.as('cedar', '/billing?view=account&with=meridian');
  await page.locator('[data-balance="USD 3947.31"]').waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Margin and revenue' }).click();
  const months = page.getByRole('table', { name: 'Revenue and margin in USD' });
  await months
    .getByRole('row', { name: /Dec 2025/ })
    .getByText('US$318.66')
    .waitFor();
  await page.getByRole('img', { name: 'Revenue and margin in USD' }).waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Ledger' }).click();
  await page.getByRole('grid', { name: 'Books of cedar' }).getByText('Receivable').waitFor();
  await portal.checked(page);

  const operator = await portal.as('operator', '/billing?view=runs');
  await operator.getByRole('grid', { name: 'Billing runs' }).getByText('Europe').first().waitFor();
  await portal.checked(operator);
  await operator.getByRole('tab', { name: 'Ledger' }).click();
  await operator.getByRole('combobox', { name: 'Books of' }).selectOption('cedar');
  await operator.getByRole('grid', { name: 'Books of cedar' }).waitFor();
  await portal.checked(operator);
});

test('pictures', async () => {
  await portal.shots('billing', 'cedar', '/billing', page =>
    page.getByRole('link', { name: 'meridian-000008' }).waitFor(),
  );
  await portal.shots('invoice', 'meridian', '/billing/invoices/meridian-000008', page =>
    page.getByRole('link', { name: 'Desk Premium' }).first().waitFor(),
  );
  await portal.shots('margins', 'cedar', '/billing?view=margins', page => page.getByText('Dec 2025').first().waitFor());
});
