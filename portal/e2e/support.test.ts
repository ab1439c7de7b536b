import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('a partner asks, the operator answers, and the partner closes it', async () => {
  const page = await portal.as('harbor', '/support');
  await page.getByRole('grid', { name: 'Requests' }).getByText('Licences stay in use').waitFor();
  await portal.checked(page);
  const open = page.getByRole('button', { name: 'Open a request' });
  assert.equal(await open.isDisabled(), true);
  await page.getByRole('combobox', { name: /Topic/ }).selectOption({ label: 'Bills and payments' });
  await page.getByRole('textbox', { name: /Title/ }).fill('A credit is missing');
  await page
    .getByRole('textbox', { name: /Description/ })
    .fill('The seats of March were given back.\nNothing came of it.');
  await page.getByRole('combobox', { name: /Severity/ }).selectOption('critical');
  await page.getByText('A first answer is due in 2 hours.').waitFor();
  await portal.checked(page);
  await open.click();
  await page.getByRole('heading', { level: 1, name: 'A credit is missing' }).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Nothing came of it.' }).waitFor();
  await portal.checked(page);
  const number = page.url().split('/').at(-1) ?? '';
  assert.match(number, /^6\d{14}$/);

  const desk = await portal.as('operator', '/home');
  await desk.getByRole('link', { name: 'A credit is missing' }).click();
  await desk.getByRole('textbox', { name: /Note/ }).fill('Which month is it?');
  await portal.checked(desk);
  await desk.getByRole('button', { name: 'Answer' }).click();
  await desk.getByText('Waits for the partner').first().waitFor();
  await portal.checked(desk);

  const back = await portal.as('harbor', '/support?status=attention_needed');
  await back.getByRole('link', { name: 'A credit is missing' }).click();
  await back.getByText('Which month is it?').waitFor();
  await back.getByRole('textbox', { name: /Note/ }).fill('March.');
  await back.getByRole('button', { name: 'Reply' }).click();
  await back.getByRole('listitem').filter({ hasText: 'March.' }).waitFor();
  await portal.checked(back);
  await back.getByRole('button', { name: 'Change the severity' }).click();
  const window = back.getByRole('dialog');
  await window.getByRole('combobox').selectOption('minimal');
  await portal.checked(back);
  await window.getByRole('button', { name: 'Change the severity' }).click();
  await window.waitFor({ state: 'detached' });
  await back.getByText('Minimal', { exact: true }).waitFor();
  await back.getByRole('button', { name: 'Close' }).click();
  await window.getByText('It can be opened again').waitFor();
  await portal.checked(back);
  await window.getByRole('button', { name: 'Close' }).click();
  await window.waitFor({ state: 'detached' });
  await back.getByRole('textbox', { name: /Note/ }).fill('It came again.');
  await back.getByRole('button', { name: 'Open again' }).click();
  await back.getByRole('listitem').filter({ hasText: 'It came again.' }).waitFor();
  await back.getByRole('button', { name: 'Reply' }).waitFor();
  await portal.checked(back);
});

test('who may not open one is told by which rule, and nothing typed is lost', async () => {
  const page = await portal.as('harbor', '/support?customer=juniper-bakery&topic=3101');
  await page.getByRole('textbox', { name: /Title/ }).fill('An order hangs');
  await page.getByRole('textbox', { name: /Description/ }).fill('Since noon.');
  await page.getByRole('button', { name: 'Open a request' }).click();
  await page.getByRole('link', { name: 'SUP-009' }).first().waitFor();
  portal.forgive(page, /403/);
  assert.equal(await page.getByRole('textbox', { name: /Description/ }).inputValue(), 'Since noon.');
  await portal.checked(page);
});

test('the operator sees what is late, over all partners', async () => {
  const page = await portal.as('operator', '/support?status=unanswered');
  const row = page.getByRole('row', { name: /An order stays pending/ });
  await row.getByText('Meridian Distribution Inc.').waitFor();
  await row.getByText('Late').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Open a request' }).count(), 0);
  await portal.checked(page);
  await page.getByRole('combobox', { name: 'State' }).selectOption('closed');
  await page.getByText('End of a partnership').waitFor();
  await page.getByRole('searchbox').fill('cedar');
  await page.getByText('A subscription cannot be renamed').waitFor({ state: 'detached' });
  await portal.checked(page);
});

test('a reseller has its own, and a customer none', async () => {
  const page = await portal.as('cedar', '/support');
  await page.getByText('End of a partnership').waitFor();
  assert.equal(await page.getByText('Licences stay in use').count(), 0);
  await portal.checked(page);
  const customer = await portal.as('customer:bay-street-shipping', '/support');
  await customer.getByText('There is no such page').waitFor();
});

test('in Japanese on a phone', async () => {
  const page = await portal.as('harbor', '/support', { locale: 'ja-JP', viewport: PHONE });
  await page.getByText('最初の回答の期限').first().waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('support', 'harbor', '/support', page => page.getByText('Licences stay in use').waitFor());
  await portal.shots('support-request', 'harbor', '/support', async page => {
    await page.getByRole('link', { name: 'A line of the last bill' }).click();
    await page.getByText('Which bill is it?').waitFor();
  });
});
