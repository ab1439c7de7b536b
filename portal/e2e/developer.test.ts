import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('a call is found in the log and copied as a line for a shell', async () => {
  const page = await portal.as('meridian', '/developer');
  await portal.server
    .call('POST', '/program/v1/decisions', await portal.server.token('meridian'), { verb: 'no_such_thing', params: {} })
    .catch(() => null);
  await page.getByRole('grid', { name: 'Request log' }).waitFor();
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  await page.getByRole('link', { name: 'POST /program/v1/decisions' }).waitFor();
  await portal.checked(page);
  await page.getByRole('link', { name: 'POST /program/v1/decisions' }).click();
  const line = page.getByRole('region', { name: 'As a line for a shell' });
  const text = (await line.textContent()) ?? '';
  assert.match(text, /^curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/program\/v1\/decisions'/);
  assert.ok(text.includes('Authorization: Bearer $TOKEN'));
  assert.ok(text.includes('no_such_thing'));
  await portal.checked(page);
});

test('a test event is sent to the inbox, arrives with its signature, and is sent again', async () => {
  const page = await portal.as('meridian', '/developer?view=inbox');
  await page.getByRole('button', { name: 'Send events to this inbox' }).click();
  await page.getByRole('button', { name: 'Send events to this inbox' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Send a test event' }).click();
  const heard = page.locator('[data-heard=test-created]');
  await heard.first().waitFor();
  await heard.first().getByText('Genuine').waitFor();
  await heard.first().click();
  await page.getByRole('region', { name: 'Body' }).getByText('test-created').waitFor();
  await portal.checked(page);

  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await page.getByRole('link', { name: 'test-created' }).click();
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByRole('listitem').nth(1).waitFor();
  await page.waitForFunction(() =>
    [...document.querySelectorAll('button')].every(one => !one.disabled && one.ariaDisabled !== 'true'),
  );
  await portal.checked(page);
  await page.goto('/portal/developer?view=inbox');
  await page.waitForFunction(() => document.querySelectorAll('[data-heard=test-created]').length === 2);
});

test('an application is registered, and its secret is shown once', async () => {
  const page = await portal.as('meridian', '/developer?view=credentials');
  await page.getByRole('textbox', { name: 'Name' }).fill('Ledger bridge');
  await page.getByRole('textbox', { name: 'Redirect addresses' }).fill('ftp://nowhere.example');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.locator('[data-trouble]').waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'Ledger bridge');
  portal.forgive(page, /400/);
  await page.getByRole('textbox', { name: 'Redirect addresses' }).fill('https://bridge.example/back');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.locator('[data-secret]').getByText('The secret of Ledger bridge').waitFor();
  await portal.checked(page);
  const app = page.locator('[data-application="Ledger bridge"]');
  await app.getByRole('button', { name: 'New secret' }).click();
  await page.locator('#portal[inert]').waitFor({ state: 'attached' });
  await portal.checked(page);
  await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const secret = (await page.locator('[data-secret] code').textContent()) ?? '';
  assert.ok(secret.length > 20);
  await page.reload();
  await app.waitFor();
  assert.equal(await page.locator('[data-secret]').count(), 0);
});

test('in Japanese on a phone', async () => {
  const page = await portal.as('kita', '/developer', { locale: 'ja-JP', viewport: PHONE });
  await page.getByRole('link', { name: /GET/ }).first().waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('developer', 'meridian', '/developer', page =>
    page.getByRole('link', { name: /GET/ }).first().waitFor(),
  );
  await portal.shots('inbox', 'meridian', '/developer?view=inbox', page =>
    page.locator('[data-heard]').first().waitFor(),
  );
  await portal.shots('credentials', 'meridian', '/developer?view=credentials', page =>
    page.locator('[data-application]').first().waitFor(),
  );
});
