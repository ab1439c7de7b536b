import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('a partner says what its support is, writes to a customer, and the customer reads both', async () => {
  const page = await portal.as('harbor', '/notices');
  await page.getByRole('heading', { name: 'What your support is' }).waitFor();
  await portal.checked(page);
  const tell = page.getByRole('button', { name: 'Tell the customers' });
  assert.equal(await tell.isDisabled(), true);
  for (const [label, text] of [
    ['What it covers', 'Everything that we sell'],
    ['Hours', 'Weekdays from 8 to 18'],
    ['Contact', 'help@harbor.example'],
    ['Price', 'Included'],
  ] as const) {
    await page.getByRole('textbox', { name: new RegExp(`^${label}`) }).fill(text);
  }
  await tell.click();
  await page.getByText(/customers hear of it/).waitFor();
  await portal.checked(page);
  await page.getByRole('textbox', { name: /^To/ }).fill('bay-street-shipping');
  await page.getByRole('textbox', { name: /^Text/ }).fill('Your seats are ready.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('It was sent to bay-street-shipping.').waitFor();
  await page.getByRole('combobox', { name: 'Which notices' }).selectOption('sent');
  await page.getByRole('listitem').filter({ hasText: 'Your seats are ready.' }).waitFor();
  await portal.checked(page);

  const customer = await portal.as('customer:bay-street-shipping', '/home');
  await customer.getByText('Notices that nobody has read').waitFor();
  await portal.checked(customer);
  await customer.goto('/portal/notices?box=unread');
  const message = customer.getByRole('listitem').filter({ hasText: 'Your seats are ready.' });
  await message.getByText('From Harbor Cloud Partners LLC').waitFor();
  await customer.getByText('help@harbor.example').first().waitFor();
  await portal.checked(customer);
  await message.getByRole('button', { name: 'Mark as read' }).click();
  await message.waitFor({ state: 'detached' });
  await customer.getByRole('button', { name: 'Mark all as read' }).click();
  await customer.getByText('No notice').waitFor();
  await portal.checked(customer);
});

test('the operator writes of incidents, and nobody writes to whom they do not serve', async () => {
  const desk = await portal.as('operator', '/notices');
  await desk.getByRole('textbox', { name: /^To/ }).fill('harbor');
  await desk.getByRole('textbox', { name: /^Text/ }).fill('Mail is slow since noon.');
  await portal.checked(desk);
  await desk.getByRole('button', { name: 'Send' }).click();
  await desk.getByRole('listitem').filter({ hasText: 'Mail is slow since noon.' }).waitFor();
  const page = await portal.as('harbor', '/notices');
  const incident = page.getByRole('listitem').filter({ hasText: 'Mail is slow since noon.' });
  await incident.getByText('From the operator').waitFor();
  await page.getByRole('textbox', { name: /^To/ }).fill('alpenrand');
  await page.getByRole('textbox', { name: /^Text/ }).fill('Hello.');
  await page.getByRole('button', { name: 'Send' }).click();
  await page
    .getByText(/alpenrand does not exist/)
    .first()
    .waitFor();
  portal.forgive(page, /404/);
  assert.equal(await page.getByRole('textbox', { name: /^Text/ }).inputValue(), 'Hello.');
  await portal.checked(page);
});

test('the agreement is read in English before it is signed, on a phone as well', async () => {
  const page = await portal.as('ticino', '/onboarding', { viewport: PHONE, locale: 'ja-JP' });
  await page.getByRole('button', { name: '契約に署名' }).first().click();
  const paper = page.getByRole('region', { name: 'パートナー契約の本文（英語のみ）' });
  await paper.getByText('Partner agreement').waitFor();
  assert.equal(await paper.getAttribute('lang'), 'en');
  await portal.checked(page);
  await page.goto('/portal/notices');
  await page.getByRole('heading', { level: 1, name: '通知' }).waitFor();
  await portal.checked(page);
});
