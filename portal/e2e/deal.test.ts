import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { PHONE, Portal } from './browser.ts';
import { Server } from './server.ts';

/** The base world of the scenario files, which `docs/guides/eight-scenarios.md` is walked through in. */
const WORLD = path.resolve(import.meta.dirname, '../../scenarios/world.yaml');

/** One more item, which one provider alone sells. */
const FOR_ONE = `  - item: {id: only-two, exclusive_to: [IP-2], terms: {P1Y: [annual]}, prices: {P1Y: [USD 10.00]}}\n`;

let portal: Portal;
before(async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'tierline-world-'));
  const world = path.join(directory, 'world.yaml');
  writeFileSync(world, readFileSync(WORLD, 'utf8') + FOR_ONE);
  try {
    portal = await Portal.open(await Server.start(['--sandbox', '--world', world]));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
after(() => portal.close());

/** Waits until what is shown is decided on as it stands in the fields. */
async function decided(page: Page, outcome: 'allowed' | 'refused'): Promise<void> {
  await page.locator('[data-current=true]').waitFor();
  await page.locator(`[data-decision=${outcome}]`).waitFor();
}

async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) {
    await page.getByLabel(label, { exact: false }).and(page.locator('input')).first().fill(value);
  }
}

const isRefusedBy = (page: Page, rule: string) => page.locator(`[data-decision] [data-rule=${rule}]`).waitFor();

/** Carries the remedy out that is shown first. */
async function cure(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^Carry out/ })
    .first()
    .click();
  const window = page.getByRole('dialog');
  await window.getByRole('button', { name: /^Carry out/ }).click();
  await window.waitFor({ state: 'hidden' });
}

async function placed(page: Page, button = 'Place the order'): Promise<void> {
  await page.getByRole('button', { name: button }).click();
  await page.locator('[data-done]').waitFor();
}

test('scenario 1: the provider orders for its reseller; the reseller is led to its provider, or asks it', async () => {
  const page = await portal.as('IP-1', '/deal');
  await page.getByText('Name what is missing').waitFor();
  await portal.checked(page);
  await fill(page, { Customer: 'C-1', Item: 'suite-standard', Quantity: '10', 'Reseller of record': 'IR-A' });
  await decided(page, 'allowed');
  await page.locator('[data-chain="operator IP-1 IR-A C-1"]').waitFor();
  await portal.checked(page);
  await placed(page);
  await portal.checked(page);
  await page.context().close();

  const reseller = await portal.as('IR-A', '/deal');
  await fill(reseller, { Customer: 'C-1', Item: 'suite-standard', Quantity: '10' });
  await decided(reseller, 'refused');
  for (const rule of ['ENR-040', 'ORD-001', 'IDN-003', 'TXN-104']) await isRefusedBy(reseller, rule);
  assert.ok(await reseller.getByRole('button', { name: 'Place the order' }).isDisabled());
  await portal.checked(reseller);
  // As the reseller's own request, which the provider then answers.
  await cure(reseller);
  await reseller.locator('[data-carried]').waitFor();
  // The remedy opens the desk with the provider's order filled in, which is the provider's to place.
  await reseller.getByRole('link', { name: 'Open Deal desk' }).first().click();
  await reseller.locator('[data-others=IP-1]').waitFor();
  await reseller.getByRole('button', { name: 'Become IP-1' }).click();
  await decided(reseller, 'allowed');
  await placed(reseller);
  await portal.checked(reseller);
});

test('scenario 2: another partner needs its own relationship, and has it when the remedy is carried out', async () => {
  const page = await portal.as('DB-1', '/deal');
  await fill(page, { Customer: 'C-1', Item: 'suite-standard', Quantity: '5' });
  await decided(page, 'refused');
  for (const rule of ['CUS-002', 'CUS-031', 'TXN-203', 'AGR-019']) await isRefusedBy(page, rule);
  await page.locator('[data-asked=CUS-002][data-passed=false]').first().waitFor();
  await portal.checked(page);
  await cure(page);
  await decided(page, 'allowed');
  await placed(page);
  await portal.checked(page);
});

test('scenario 3: managing what was bought elsewhere takes a relationship and rights', async () => {
  const page = await portal.as('IP-2', '/deal');
  await page.getByLabel('What is to be done').selectOption('administer');
  await fill(page, { Customer: 'C-1', Task: 'reset_password' });
  await decided(page, 'refused');
  for (const rule of ['CUS-002', 'DAP-004', 'TXN-302']) await isRefusedBy(page, rule);
  await portal.checked(page);
});

test('scenario 4: nothing is sold to a tenant of the program, but to another of the same company', async () => {
  const page = await portal.as('DB-1', '/deal');
  await fill(page, { Customer: 'TA-csp', Item: 'suite-standard', Quantity: '5' });
  await decided(page, 'refused');
  for (const rule of ['IDN-028', 'TXN-403', 'TXN-406']) await isRefusedBy(page, rule);
  await cure(page);
  await page.locator('[data-carried]').waitFor();
  // The deal that passes is another one: its link fills it in.
  await page.getByRole('link', { name: 'Open Deal desk' }).last().click();
  await page.waitForFunction(() => window.location.search.includes('TA-int'));
  await decided(page, 'allowed');
  await placed(page);
  await portal.checked(page);
});

test('scenario 5: nobody sells to itself, until the operator waives it', async () => {
  const page = await portal.as('DB-1', '/deal');
  await fill(page, { Customer: 'TD-int', Item: 'suite-standard', Quantity: '5' });
  await decided(page, 'refused');
  for (const rule of ['TXN-501', 'TXN-503', 'TXN-507']) await isRefusedBy(page, rule);
  assert.equal(await page.getByRole('button', { name: /^Carry out/ }).count(), 0);
  await page.getByText('Apply to the operator').first().waitFor();
  await portal.checked(page);
  // What its contract forbids only the operator lifts, for a time; what is left then has a remedy.
  const operator = await portal.as('operator', '/operator?view=waivers');
  await operator.getByRole('textbox', { name: 'Waiver' }).fill('direct-one-2023');
  await operator.getByRole('textbox', { name: 'Company' }).fill('ORG-D');
  await operator.getByLabel('From').fill('2023-11-01');
  await operator.getByLabel('Until').fill('2023-12-31');
  await operator.getByRole('button', { name: 'Grant a waiver' }).click();
  await operator.getByRole('grid', { name: 'Waivers' }).getByText('Holds').waitFor();
  await portal.checked(operator);
  await page.reload();
  await decided(page, 'refused');
  await isRefusedBy(page, 'CUS-002');
  assert.equal(await page.locator('[data-decision] [data-rule=TXN-507]').count(), 0);
  await cure(page);
  await decided(page, 'allowed');
  await page.getByText('direct-one-2023').waitFor();
  await placed(page);
  await portal.checked(page);
});

test('scenario 6: a reseller is no customer of its own provider; its other tenant may be', async () => {
  const page = await portal.as('IP-1', '/deal');
  await page.getByLabel('What is to be done').selectOption('invite_customer');
  await fill(page, { Customer: 'TA-csp' });
  await decided(page, 'refused');
  for (const rule of ['TXN-601', 'TXN-602', 'TXN-403']) await isRefusedBy(page, rule);
  await portal.checked(page);
  await page.getByRole('link', { name: 'Open Deal desk' }).last().click();
  await page.waitForFunction(() => window.location.search.includes('TA-int'));
  await decided(page, 'allowed');
  await placed(page, 'Send the invitation');
  await portal.checked(page);
});

test('scenario 7: a customer of another region', async () => {
  const page = await portal.as('DB-US', '/deal');
  await fill(page, { Customer: 'C-1', Item: 'suite-standard', Quantity: '5' });
  await decided(page, 'refused');
  for (const rule of ['IDN-013', 'REG-001', 'REG-008', 'TXN-701']) await isRefusedBy(page, rule);
  await page.getByText('hand over the lead').first().waitFor();
  await portal.checked(page);
  // To a partner of the customer's own region: the same deal goes through there.
  const other = await portal.as('DB-1', `/deal${new URL(page.url()).search}`);
  await decided(other, 'allowed');
  await placed(other);
  await portal.checked(other);
});

test('scenario 8: a reseller of another region is not invited, one of the same is', async () => {
  const page = await portal.as('IP-1', '/deal');
  await page.getByLabel('What is to be done').selectOption('invite_partner');
  await fill(page, { Reseller: 'IR-US' });
  await decided(page, 'refused');
  for (const rule of ['REG-002', 'REL-007', 'TXN-801', 'TXN-803']) await isRefusedBy(page, rule);
  await portal.checked(page);
  await page.context().close();
  const other = await portal.as('IP-2', '/deal');
  await other.getByLabel('What is to be done').selectOption('invite_partner');
  await fill(other, { Reseller: 'IR-A' });
  await decided(other, 'allowed');
  await placed(other, 'Send the invitation');
  await portal.checked(other);
});

test('what is sold to one partner alone is not offered to others, and refused', async () => {
  const offered = (page: Page) =>
    page.waitForFunction(() => document.querySelectorAll('datalist option[value="suite-standard"]').length > 0);
  const own = await portal.as('IP-2', '/deal');
  await offered(own);
  assert.equal(await own.locator('datalist option[value="only-two"]').count(), 1);
  const page = await portal.as('DB-1', '/deal');
  await offered(page);
  assert.equal(await page.locator('datalist option[value="only-two"]').count(), 0);
  await fill(page, { Customer: 'C-1', Item: 'only-two', Quantity: '1' });
  await decided(page, 'refused');
  await portal.checked(page);
});

test('a refusal is kept, and explained from its link', async () => {
  const { server } = portal;
  await assert.rejects(server.command('DB-US', 'order', { customer: 'C-2', item: 'suite-standard', quantity: 1 }));
  const page = await portal.as('DB-US', '/deal/decisions?outcome=refused');
  await page.getByRole('row').filter({ hasText: 'C-2' }).getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Kept decision' }).waitFor();
  await isRefusedBy(page, 'REG-001');
  await portal.checked(page);
  // What is not one's own is not there.
  const address = new URL(page.url()).pathname.replace('/portal', '');
  const stranger = await portal.as('IP-2', address);
  await stranger.locator('[data-trouble=missing]').waitFor();
  portal.forgive(stranger, /404/);
  await portal.checked(stranger);
});

test('what is named wrongly is told at its field, and nothing typed is lost', async () => {
  const page = await portal.as('DB-1', '/deal');
  await fill(page, { Customer: 'nobody-here', Item: 'suite-standard', Quantity: 'ten' });
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await page.getByLabel('Quantity').inputValue(), 'ten');
  portal.forgive(page, /40[04]/);
  await portal.checked(page);
});

test('a script in the name of a company is text', async () => {
  const name = '<script>document.title="taken"</script>';
  await portal.server.command('DB-1', 'create_customer', {
    id: 'script-customer',
    name,
    domain: 'script-customer.example',
    email: 'admin@script-customer.example',
    country: 'DE',
  });
  const page = await portal.as('DB-1', '/deal?customer=script-customer');
  await page.locator('[data-chosen=customer]').filter({ hasText: name }).waitFor();
  assert.notEqual(await page.title(), 'taken');
  await portal.checked(page);
});

test('pictures', async () => {
  const query = new URLSearchParams({ customer: 'C-2', item: 'suite-standard', quantity: '5' });
  await portal.shots('deal', 'DB-1', `/deal?${query}`, page => decided(page, 'refused'));
  const allowed = new URLSearchParams({ customer: 'C-1', item: 'suite-standard', partner_of_record: 'IR-A' });
  await portal.shots('deal-allowed', 'IP-1', `/deal?${allowed}`, page => decided(page, 'allowed'));
  const japanese = await portal.as('IP-1', `/deal?${allowed}`, { viewport: PHONE, locale: 'ja-JP' });
  await japanese.locator('[data-decision=allowed]').waitFor();
  await portal.checked(japanese);
});
