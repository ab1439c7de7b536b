/** Every company of these programs has a script as its name: wherever a name is shown, it is text. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';
import { serverOf } from './many.ts';

const scriptOf = (name: string): string =>
  `<script>window.taken=1</script><img src=x onerror="window.taken=1"> ${name}`;

/** What a company's administrator looks at; `:subscription` and the like are filled in. */
const PLACES: Record<string, string[]> = {
  operator: [
    '/home',
    '/map',
    '/deal?as=big&customer=big-c0&item=desk-standard',
    '/customers',
    '/customers/big-c0',
    '/customers/big-c0?tab=delegation',
    '/customers/big-c0?tab=timeline',
    '/subscriptions',
    '/billing',
    '/billing?view=runs',
    '/billing?view=ledger',
    '/operator?state=all',
    '/support',
    '/support/617000000000001',
    '/security',
    '/security/617',
    '/notices',
    '/operator/enrolments/big-r0',
    '/operator?view=waivers',
    '/operator?view=affiliations',
    '/operator?view=schedule',
    '/time',
    '/developer',
  ],
  big: [
    '/home',
    '/map',
    '/deal?customer=big-c0&item=desk-standard&partner_of_record=big-r0',
    '/deal/decisions',
    '/customers',
    '/customers/big-c0',
    '/customers/big-c0?tab=agreement',
    '/customers/big-c0?tab=profile',
    '/customers/big-c0?tab=subscriptions',
    '/customers/big-c0?tab=orders',
    '/customers/big-c0?tab=invoices',
    '/customers/big-c0?tab=delegation',
    '/customers/big-c0?tab=users',
    '/customers/big-c0?tab=support',
    '/customers/big-c0?tab=transfers',
    '/customers/big-c0?tab=timeline',
    '/onboarding',
    '/onboarding?do=remove_partnership&partner=big-r0',
    '/catalogue?view=cart',
    '/catalogue?view=books&item=desk-standard&customer=big-c0&reseller=big-r0',
    '/catalogue?view=requests',
    '/subscriptions',
    '/subscriptions/sold',
    '/subscriptions/sold?do=change_quantity',
    '/billing',
    '/billing?view=account&with=big-r0',
    '/billing?view=margins',
    '/support',
    '/support/617000000000001',
    '/security',
    '/security/617',
    '/notices?box=sent',
  ],
  'big-r0': [
    '/home',
    '/map',
    '/onboarding',
    '/customers',
    '/customers/big-c0',
    '/catalogue',
    '/catalogue?view=requests',
    '/subscriptions',
    '/subscriptions/sold',
    '/billing',
  ],
  'customer:big-c0': [
    '/home',
    '/map',
    '/customers',
    '/customers?tab=agreement',
    '/customers?tab=delegation',
    '/subscriptions/sold',
    '/billing',
    '/notices',
  ],
};

/** Where the name of some company stands in any case. */
const SHOWN = ['/customers', '/customers/big-c0', '/map', '/subscriptions/sold', '/onboarding', '/operator?state=all'];

let portal: Portal;
before(async () => {
  const server = await serverOf(
    [{ provider: 'big', resellers: 2, customers: 3 }],
    (kind, index) => scriptOf(`${kind} ${index}`),
    [{ item: { id: 'desk-standard', terms: { P1M: ['monthly'] }, prices: { P1M: ['USD 12.00'] } } }],
  );
  portal = await Portal.open(server);
  const as = (who: string, verb: string, params: object) => server.command(who, verb, params);
  await as('big', 'attest', {
    customer: 'big-c0',
    contact: { first_name: '<b>Kim</b>', last_name: scriptOf('Sand'), email: 'kim@big-c0.example' },
  });
  const order = { customer: 'big-c0', item: 'desk-standard' };
  await as('big', 'order', { ...order, partner_of_record: 'big-r0', quantity: 3, creates: 'sold' });
  await as('big-r0', 'request_order', { ...order, provider: 'big', quantity: 2, note: scriptOf('please') });
  await as('big', 'open_ticket', {
    id: '617000000000001',
    topic: '3601',
    title: scriptOf('title'),
    description: scriptOf('description'),
    contact: { first_name: scriptOf('Kim'), last_name: 'Sand' },
  });
  await as('operator', 'answer_ticket', { ticket: '617000000000001', note: scriptOf('note') });
  await as('operator', 'report_fraud', {
    id: '617',
    subscription: 'sold',
    kind: 'usage_anomaly_detection',
    title: scriptOf('title'),
    description: scriptOf('description'),
    resource: scriptOf('resource'),
    details: { [scriptOf('name')]: scriptOf('value') },
  });
  const text = scriptOf('text');
  await as('big', 'send_notice', { to: 'big-c0', text });
  await as('big', 'offer_support', { scope: text, hours: text, contact: text, price: text });
  await as('operator', 'send_notice', { to: 'big', topic: 'incident', text });
  await as('big', 'request_admin', { customer: 'big-c0', name: 'rights', days: 30, roles: ['global_reader'] });
  await server.call('POST', '/program/v1/clock', await server.token('operator'), { until: '2026-02-03T00:00:00Z' });
});
after(() => portal.close());

/**
 * The page is there, with everything that it asked for. A place that opens with a deed is there when its window is: behind a window
 * the page's own heading is out of reach.
 */
async function come(page: Page, place: string): Promise<void> {
  const there = place.includes('do=') ? page.getByRole('dialog') : page.getByRole('heading', { level: 1 });
  await there.first().waitFor();
  await page.waitForFunction(() => document.querySelector('.fui-Skeleton') === null);
}

for (const [who, places] of Object.entries(PLACES)) {
  test(`${who} meets no script, wherever names are shown`, async () => {
    const page = await portal.as(who, places[0] ?? '/');
    for (const place of places) {
      await page.goto(`/portal${place}`);
      await come(page, place);
      const found = await page.evaluate(() => ({
        isTaken: 'taken' in window,
        made: document.querySelectorAll('body script:not([src]), img[src="x"], b').length,
        isText: document.body.textContent.includes('<script>'),
      }));
      assert.deepEqual({ isTaken: found.isTaken, made: found.made }, { isTaken: false, made: 0 }, place);
      if (SHOWN.includes(place)) assert.ok(found.isText, `${place} shows a name`);
      portal.forgive(page, /40[034]/);
      portal.silent(page);
    }
    await portal.checked(page);
    await page.context().close();
  });
}
