import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

const KINDS: Record<string, string[]> = {
  meridian: ['order_requests', 'transfers', 'renewals', 'invoices_due'],
  cedar: ['order_requests_open', 'renewals'],
  harbor: ['renewals', 'invoices_due'],
  operator: ['enrolments', 'qualifications'],
};

for (const [who, kinds] of Object.entries(KINDS)) {
  test(`what needs ${who} today is shown with its count, as the server says`, async () => {
    const page = await portal.as(who, '/home');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const { server } = portal;
    const told = (await server.call('GET', '/program/v1/home', await server.token(who))) as {
      items: { kind: string; count: number }[];
    };
    for (const kind of kinds) {
      const count = told.items.find(one => one.kind === kind)?.count;
      assert.ok(count, `${who} has ${kind}`);
      await page.locator(`[data-matter=${kind}][data-count="${count}"]`).waitFor();
    }
    await portal.checked(page);
  });
}

test('a customer has a home too', async () => {
  const page = await portal.as('customer:red-rock-dental', '/home');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await portal.checked(page);
});

test('credit is shown as far as it is used up', async () => {
  await portal.server.command('operator', 'set_credit_limit', { partner: 'meridian', limit: 'USD 50000.00' });
  const page = await portal.as('meridian', '/home');
  const credit = page.getByRole('region', { name: 'Credit with the operator' });
  await credit.getByText('US$50,000.00').waitFor();
  await credit.getByText(/^\d+% used$/).waitFor();
  await portal.checked(page);
});

test('a refusal counts, and its link leads to the explanation', async () => {
  const order = { customer: 'red-rock-dental', item: 'desk-standard', quantity: 5 };
  await assert.rejects(portal.server.command('harbor', 'order', order));
  const page = await portal.as('harbor', '/home');
  const card = page.locator('[data-matter=refusals]');
  await card.getByRole('link', { name: 'CUS-002' }).click();
  await page.getByRole('heading', { level: 1, name: 'Kept decision' }).waitFor();
  await page.locator('[data-rule=CUS-002]').waitFor();
  await portal.checked(page);
  await page.goBack();
  await card.getByRole('link', { name: 'Open Deal desk' }).click();
  await page.getByRole('row').filter({ hasText: 'red-rock-dental' }).waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  for (const who of ['meridian', 'operator'] as const) {
    const ready = (page: Awaited<ReturnType<Portal['as']>>) => page.locator('[data-matter]').first().waitFor();
    await portal.shots(`home-${who}`, who, '/home', ready);
  }
});
