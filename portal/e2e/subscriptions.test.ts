import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

const JUNIPER = '/subscriptions/sub-juniper-bakery';

/** Opens what can be done, and answers its window. */
async function deed(page: Page, name: string) {
  await page.getByRole('button', { name, exact: true }).click();
  const window = page.getByRole('dialog');
  await window.waitFor();
  return window;
}

async function confirmed(page: Page, name: string) {
  const window = page.getByRole('dialog');
  await window.getByRole('button', { name, exact: true }).click();
  await window.waitFor({ state: 'detached' });
}

/** Moves time to a day, on the time bar. */
async function movedTo(page: Page, day: string) {
  await page.getByRole('link', { name: 'Time', exact: true }).click();
  await page.getByLabel('Until').fill(day);
  await page.getByRole('button', { name: 'Move there' }).click();
  await page.locator(`[data-clock^="${day}"]`).waitFor();
}

test('subscriptions are searched, and one opens', async () => {
  const page = await portal.as('harbor', '/subscriptions');
  await page
    .getByRole('row', { name: /Bay Street/ })
    .first()
    .waitFor();
  await portal.checked(page);
  await page.getByRole('combobox', { name: 'State' }).selectOption('suspended');
  await page.waitForFunction(() => document.querySelectorAll('[role=row][data-index]').length === 1);
  await page.getByRole('combobox', { name: 'State' }).selectOption('');
  await page.getByRole('searchbox').fill('sub-juniper');
  await page.getByRole('link', { name: 'Desk Basic' }).click();
  await page.getByRole('heading', { level: 1, name: 'Desk Basic · Juniper Bakery LLC' }).waitFor();
  await page.getByRole('heading', { name: 'Line of time' }).waitFor();
  await portal.checked(page);
});

test('seats are given back inside the window, and not outside of it', async () => {
  const page = await portal.as('harbor', JUNIPER);
  let window = await deed(page, 'Change seats');
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('20');
  await window.locator('[data-sums="USD 30.00"]').waitFor();
  await window.getByText('Booked: US$30.00').waitFor();
  await window.getByText('Afterwards: 20 seats').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Change seats');
  await page.locator('[data-batch=open]').getByText('5 seats').waitFor();
  await page.locator('[data-reducible="5"]').waitFor();
  await portal.checked(page);

  // Inside: the preview tells what is given back before anything is done.
  window = await deed(page, 'Change seats');
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('18');
  await window.getByText(/^Given back: US\$\d/).waitFor();
  await portal.checked(page);
  await confirmed(page, 'Change seats');
  await page.locator('[data-batch=open]').getByText('3 seats').waitFor();

  // Outside: eight days later the rule forbids it, and nothing can be confirmed.
  await movedTo(page, '2026-01-24');
  await page.goBack();
  await page.locator('[data-reducible="0"]').waitFor();
  assert.equal(await page.locator('[data-batch=open]').count(), 0);
  window = await deed(page, 'Change seats');
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('17');
  await window.locator('[data-rule=SUB-006]').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Change seats', exact: true }).isDisabled());
  await portal.checked(page);
  // More can be had at any time.
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('19');
  await window.getByText(/^Booked: US\$\d/).waitFor();
  await window.getByRole('button', { name: 'Cancel', exact: true }).click();
});

test('a purchase is cancelled with its refund told before, an old one is not', async () => {
  await portal.server.command('harbor', 'order', {
    customer: 'silver-creek-publishing',
    item: 'desk-standard',
    quantity: 7,
    creates: 'silver-creek-more',
  });
  const page = await portal.as('harbor', '/subscriptions/silver-creek-more');
  const window = await deed(page, 'Cancel the subscription');
  await window.getByText(/^Given back: US\$\d/).waitFor();
  await portal.checked(page);
  await window.getByRole('button', { name: 'Cancel the subscription', exact: true }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByText('Deleted').first().waitFor();
  await portal.checked(page);

  await page.goto('/portal/subscriptions/sub-silver-creek-publishing');
  await deed(page, 'Cancel the subscription');
  await window.locator('[data-rule=SUB-003]').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Cancel the subscription', exact: true }).isDisabled());
  await portal.checked(page);
});

test('renewal, schedule, upgrade, suspension', async () => {
  const page = await portal.as('harbor', '/subscriptions/sub-silver-creek-publishing');
  await deed(page, 'Turn renewal off');
  await page.getByRole('dialog').getByText('ends on').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Turn renewal off');
  await page.getByText('ends then').waitFor();
  await deed(page, 'Turn renewal on');
  await confirmed(page, 'Turn renewal on');
  await page.getByText('renews itself').waitFor();

  const window = await deed(page, 'Schedule for the next term');
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('9');
  await portal.checked(page);
  await confirmed(page, 'Schedule for the next term');
  await page.getByText('Scheduled for the next term').waitFor();

  await deed(page, 'Suspend');
  await confirmed(page, 'Suspend');
  await page.getByText('Suspended').first().waitFor();
  await portal.checked(page);
  await deed(page, 'Reactivate');
  await confirmed(page, 'Reactivate');
  await page.getByText('Active', { exact: true }).first().waitFor();

  await deed(page, 'Upgrade');
  await window.getByRole('combobox', { name: 'To' }).selectOption('desk-premium');
  await window.getByText(/^Booked: US\$\d/).waitFor();
  await portal.checked(page);
  await confirmed(page, 'Upgrade');
  await page.getByRole('grid', { name: 'What happened' }).waitFor();
  await portal.checked(page);
});

test('a trial is made paid, with its price told before', async () => {
  await portal.server.command('harbor', 'order', {
    customer: 'juniper-bakery',
    item: 'workplace-core-trial',
    quantity: 25,
    creates: 'juniper-trial',
  });
  const page = await portal.as('harbor', '/subscriptions/juniper-trial');
  const window = await deed(page, 'Make it paid');
  await window.getByRole('spinbutton', { name: 'Seats' }).fill('25');
  await window.getByRole('combobox', { name: 'When' }).selectOption('now');
  await window.getByText(/^Booked: US\$\d/).waitFor();
  await portal.checked(page);
  await confirmed(page, 'Make it paid');
  await page.getByText('Trial made paid').waitFor();
  await page.getByRole('button', { name: 'Make it paid' }).waitFor({ state: 'detached' });
  await portal.checked(page);
});

test('a transfer is offered in one session and accepted in another', async () => {
  const giver = await portal.as('harbor', '/subscriptions/sub-copperleaf-1');
  const window = await deed(giver, 'Offer a transfer');
  await window.getByRole('textbox', { name: 'Receiving partner' }).fill('meridian');
  await window.getByRole('textbox', { name: 'Reseller of record there' }).fill('harbor');
  await portal.checked(giver);
  await confirmed(giver, 'Offer a transfer');
  await giver.getByText('Waits for an answer').first().waitFor();
  await portal.checked(giver);

  const receiver = await portal.as('meridian', '/customers/copperleaf-hotels?tab=transfers');
  const offered = receiver.locator('[data-transfer]').filter({ hasText: '5 × Desk Classic' });
  await offered.getByRole('button', { name: 'Accept' }).click();
  await receiver.getByRole('dialog').getByText('From now on you bill these subscriptions').waitFor();
  await portal.checked(receiver);
  await confirmed(receiver, 'Accept');
  await offered.getByRole('button', { name: 'Accept' }).waitFor({ state: 'detached' });
  await portal.checked(receiver);
});

test('the reseller of record and the customer see it without what the seller pays', async () => {
  for (const who of ['cedar', 'customer:red-rock-dental']) {
    const page = await portal.as(who, '/subscriptions/sub-red-rock-dental');
    await page.getByRole('heading', { level: 1, name: 'Desk Premium · Red Rock Dental LLC' }).waitFor();
    assert.equal(await page.getByText('Your price').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Change seats' }).count(), 0);
    await portal.checked(page);
    await page.context().close();
  }
});

test('pictures', async () => {
  await portal.shots('subscriptions', 'harbor', '/subscriptions', page =>
    page.getByText('Bay Street Shipping LLC').first().waitFor(),
  );
  await portal.shots('subscription', 'harbor', JUNIPER, page => page.getByText('Line of time').waitFor());
  await portal.shots('seats', 'harbor', `${JUNIPER}?do=change_quantity&quantity=30`, page =>
    page.getByRole('dialog').getByText('Afterwards').waitFor(),
  );
  await portal.shots('cancel', 'harbor', `${JUNIPER}?do=cancel`, page => page.locator('[data-rule=SUB-003]').waitFor());
});
