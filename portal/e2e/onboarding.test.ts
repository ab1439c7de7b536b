import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';

import { Portal } from './browser.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

async function confirmed(page: Page, name: string) {
  const window = page.getByRole('dialog');
  await window.getByRole('button', { name, exact: true }).click();
  await window.waitFor({ state: 'detached' });
}

test('from the application to the agreement, the invitation and the first order', async () => {
  const page = await portal.as('bellevue', '/onboarding');
  await page.locator('[data-step=membership][data-done=true]').waitFor();
  await portal.checked(page);
  await page.locator('[data-step=enrolment]').getByRole('button', { name: 'Apply' }).click();
  const window = page.getByRole('dialog');
  // Direct-bill status is not for newcomers: the rules say so before anything is sent.
  await window.getByRole('combobox', { name: 'Role' }).selectOption('direct_bill');
  await window.locator('[data-rule=ENR-002]').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Send the application' }).isDisabled());
  await portal.checked(page);
  await window.getByRole('combobox', { name: 'Role' }).selectOption('indirect_reseller');
  await window.getByText('The application can be sent').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Send the application');
  await page
    .getByText(/Applied|Pending/)
    .first()
    .waitFor();
  await portal.checked(page);

  const operator = await portal.as('operator', '/operator');
  await operator.getByRole('link', { name: 'Bellevue Informatique SAS' }).click();
  await operator.getByRole('textbox', { name: /Evidence/ }).fill('Register extract of 14 January.');
  await operator.getByRole('button', { name: 'Accept' }).click();
  await confirmed(operator, 'Accept');
  await operator.locator('[data-step=enrolment][data-done=true]').waitFor();
  await page.reload();
  await page.locator('[data-step=enrolment][data-done=true]').waitFor();
  await page.locator('[data-step=agreement]').getByRole('button', { name: 'Sign the agreement' }).click();
  await portal.checked(page);
  await confirmed(page, 'Sign it');
  await page.locator('[data-step=agreement][data-done=true]').waitFor();
  await page.locator('[data-agreement=Europe]').getByText('Accepted', { exact: true }).waitFor();
  await portal.checked(page);

  // Invited in one session, accepted in another by the link.
  const provider = await portal.as('alpenrand', '/onboarding');
  await provider.getByRole('grid', { name: 'Resellers' }).waitFor();
  await portal.checked(provider);
  await provider.getByRole('button', { name: 'Invite a reseller' }).click();
  await provider.getByRole('dialog').getByRole('textbox', { name: 'Reseller' }).fill('bellevue');
  await portal.checked(provider);
  await confirmed(provider, 'Invite');
  const link = await provider.locator('[data-invited=bellevue] code').textContent();
  await portal.checked(provider);
  await page.goto(link ?? '');
  await window.getByText('You become a reseller of this provider').waitFor();
  assert.ok(await window.getByRole('button', { name: 'Accept', exact: true }).isDisabled());
  await window.getByRole('checkbox').check();
  await portal.checked(page);
  await confirmed(page, 'Accept');
  await page.getByRole('grid', { name: 'Providers' }).getByText('Active').waitFor();
  await portal.checked(page);
  await provider.reload();
  await provider
    .getByRole('row', { name: /Bellevue Informatique SAS/ })
    .getByText('Active')
    .waitFor();

  // A customer of both, its agreement, and the first order with the new reseller of record.
  await provider.getByRole('link', { name: 'Customers', exact: true }).click();
  await provider.getByRole('button', { name: 'New customer' }).click();
  const form = provider.getByRole('dialog');
  for (const [label, text] of [
    ['Company', 'Quai Neuf SAS'],
    ['Country', 'FR'],
    ['Domain', 'quai-neuf.example'],
    ['Mail address', 'kim@quai-neuf.example'],
    ['For a reseller', 'bellevue'],
  ] as const) {
    await form.getByRole('textbox', { name: label }).fill(text);
  }
  await confirmed(provider, 'Create it');
  await provider.getByRole('link', { name: 'Quai Neuf SAS' }).click();
  await provider.getByRole('tab', { name: 'Agreement' }).click();
  await provider.getByRole('button', { name: 'Confirm acceptance' }).click();
  await form.getByRole('textbox', { name: 'First name' }).fill('Kim');
  await form.getByRole('textbox', { name: 'Last name' }).fill('Sand');
  await form.getByRole('textbox', { name: 'Mail address' }).fill('kim.sand@quai-neuf.example');
  await confirmed(provider, 'Confirm acceptance');
  await provider.getByRole('link', { name: 'Deal desk', exact: true }).click();
  for (const [label, text] of [
    ['Customer', 'quai-neuf-sas'],
    ['Item', 'desk-standard'],
    ['Quantity', '3'],
    ['Reseller of record', 'bellevue'],
  ] as const) {
    await provider.getByLabel(label, { exact: false }).and(provider.locator('input')).first().fill(text);
  }
  await provider.locator('[data-current=true]').waitFor();
  await provider.locator('[data-decision=allowed]').waitFor();
  await provider.getByRole('button', { name: 'Place the order' }).click();
  await provider.locator('[data-done]').waitFor();
  await portal.checked(provider);

  await page.getByRole('link', { name: 'Subscriptions', exact: true }).click();
  await page
    .getByRole('row', { name: /Quai Neuf SAS/ })
    .getByRole('link')
    .click();
  await page.getByRole('heading', { level: 1, name: 'Desk Standard · Quai Neuf SAS' }).waitFor();
  await page.getByText('alpenrand · bellevue').waitFor();
  await portal.checked(page);
});

test('an invitation is declined, another withdrawn', async () => {
  const page = await portal.as('fjordlys', '/onboarding');
  await page.getByRole('button', { name: 'Decline' }).click();
  await page.getByRole('dialog').getByText('The provider is told').waitFor();
  await portal.checked(page);
  await confirmed(page, 'Decline');
  await page.getByText('Declined').first().waitFor();
  await portal.server.command('alpenrand', 'invite_partner', { partner: 'tagus' });
  const provider = await portal.as('alpenrand', '/onboarding');
  await provider.getByRole('row', { name: /tagus/i }).getByRole('button', { name: 'Withdraw' }).click();
  await confirmed(provider, 'Withdraw');
  await provider.getByRole('row', { name: /tagus/i }).getByText('Withdrawn').waitFor();
  await portal.checked(provider);
});

test('a removal spells out its consequences before it is done', async () => {
  const page = await portal.as('meridian', '/onboarding');
  await page
    .getByRole('row', { name: /Cedar Valley IT LLC/ })
    .getByRole('button', { name: 'Remove' })
    .click();
  const window = page.getByRole('dialog');
  await window.locator('[data-consequences]').waitFor();
  await window.getByText(/Red Rock Dental LLC: nothing more can be ordered/).waitFor();
  await window.getByRole('link', { name: 'REL-009' }).first().waitFor();
  assert.ok(await window.getByRole('button', { name: 'Remove it' }).isDisabled());
  await portal.checked(page);
  await window.getByRole('checkbox').check();
  await confirmed(page, 'Remove it');
  await page
    .getByRole('row', { name: /Cedar Valley IT LLC/ })
    .getByText('Removed')
    .waitFor();
  await portal.checked(page);
});

test('a rejected applicant appeals', async () => {
  const page = await portal.as('ironwood', '/onboarding');
  await page.getByRole('button', { name: 'Appeal' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Documents' }).fill('business licence');
  await portal.checked(page);
  await confirmed(page, 'Send the documents');
  await page.locator('[data-step=enrolment]').getByRole('button', { name: 'Ask to speed it up' }).waitFor();
  await portal.checked(page);
});

test('a further place of business is added, where the program knows its country', async () => {
  const page = await portal.as('meridian', '/onboarding?do=add_location');
  const window = page.getByRole('dialog');
  const country = window.getByRole('textbox', { name: 'Country' });
  await country.fill('ZZ');
  await window.locator('[data-trouble], [data-decision=refused]').first().waitFor();
  assert.ok(await window.getByRole('button', { name: 'Add it' }).isDisabled());
  assert.equal(await country.inputValue(), 'ZZ');
  portal.forgive(page, /40\d/);
  await portal.checked(page);
  await country.fill('CA');
  await confirmed(page, 'Add it');
  // The window stood there from the beginning, so there is no place to go back to: one is found all the same.
  await page.waitForFunction(() => document.activeElement?.closest('main') != null);
  await page.getByText(/ · CA · location/).waitFor();
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('onboarding', 'larkspur', '/onboarding', page => page.locator('[data-step=agreement]').waitFor());
  await portal.shots('resellers', 'alpenrand', '/onboarding', page => page.getByText('Atelier Seine SAS').waitFor());
  await portal.shots('removal', 'alpenrand', '/onboarding?do=remove_partnership&partner=seine', page =>
    page.locator('[data-consequences]').waitFor(),
  );
});
