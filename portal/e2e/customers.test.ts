import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';
import { Server } from './server.ts';

let portal: Portal;
before(async () => {
  portal = await Portal.open();
});
after(() => portal.close());

test('customers are searched and filtered, and one opens with everything about it', async () => {
  const page = await portal.as('meridian', '/customers');
  await page.getByRole('link', { name: 'Canyon Robotics LLC' }).waitFor();
  await portal.checked(page);
  await page.getByRole('combobox', { name: 'State' }).selectOption('removed');
  await page.getByText('Nothing fits the search').waitFor();
  await page.getByRole('combobox', { name: 'State' }).selectOption('');
  await page.getByRole('searchbox', { name: 'Search by company or domain' }).fill('canyon');
  await page.waitForFunction(() => document.querySelectorAll('[role=row][data-index]').length === 1);
  await page.getByRole('link', { name: 'Canyon Robotics LLC' }).click();
  await page.getByRole('heading', { level: 1, name: 'Canyon Robotics LLC' }).waitFor();
  await page.getByRole('gridcell', { name: 'Cedar Valley IT LLC' }).waitFor();
  await portal.checked(page);
  const tabs: [string, string][] = [
    ['Agreement', 'Ida Falk'],
    ['Subscriptions', 'Desk Standard'],
    ['Orders', '10 × Desk Standard, 4 × Calling'],
    ['Invoices', 'No invoices'],
    ['Delegation', 'meridian-canyon-readers'],
    ['Users', 'ida@canyon-robotics.example'],
    ['Support', 'PartnerID 4847565'],
    ['Transfers', 'No transfers'],
    ['Timeline', 'Subscription upgraded'],
  ];
  for (const [tab, text] of tabs) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByText(text).first().waitFor();
    await portal.checked(page);
  }
});

test('a script as the name of a company is text', async () => {
  const name = '<img src=x onerror="document.title=1"><script>document.title=2</script> Ltd';
  await portal.server.command('meridian', 'create_customer', {
    name,
    country: 'US',
    domain: 'script-works.example',
    email: 'kim@script-works.example',
  });
  const page = await portal.as('meridian', '/customers?search=script-works');
  await page.getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  assert.match(await page.title(), /^<img src=x/);
  await portal.checked(page);
});

test('a customer is entered, its agreement confirmed, and the relationship ended with what follows told before', async () => {
  const page = await portal.as('harbor', '/customers');
  await page.getByRole('button', { name: 'New customer' }).click();
  const window = page.getByRole('dialog');
  await window.getByRole('textbox', { name: 'Company' }).fill('Lantern Street Books LLC');
  await window.getByRole('textbox', { name: 'Domain' }).fill('lantern street');
  await window.getByRole('textbox', { name: 'Mail address' }).fill('kim@lantern-street.example');
  await portal.checked(page);
  await window.getByRole('button', { name: 'Create it' }).click();
  // The server's reason, and nothing typed is lost.
  await window.locator('[data-trouble], [data-decision=refused]').first().waitFor();
  assert.equal(await window.getByRole('textbox', { name: 'Company' }).inputValue(), 'Lantern Street Books LLC');
  portal.forgive(page, /40\d/);
  await portal.checked(page);
  await window.getByRole('textbox', { name: 'Domain' }).fill('lantern-street.example');
  await window.getByRole('button', { name: 'Create it' }).click();
  await page.getByRole('link', { name: 'Lantern Street Books LLC' }).click();
  await page.getByRole('tab', { name: 'Agreement' }).click();
  await page.getByText('Nothing is confirmed').waitFor();
  await page.getByRole('button', { name: 'Confirm acceptance' }).click();
  await window.getByRole('textbox', { name: 'First name' }).fill('Kim');
  await window.getByRole('textbox', { name: 'Last name' }).fill('Sand');
  await window.getByRole('textbox', { name: 'Mail address' }).fill('kim.sand@lantern-street.example');
  await window.getByRole('button', { name: 'Confirm acceptance' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByText('kim.sand@lantern-street.example').waitFor();
  await portal.checked(page);
  await page.getByRole('tab', { name: 'Relationships' }).click();
  await page.getByRole('button', { name: 'End the relationship' }).click();
  await window.getByText('You sell nothing more to this customer').waitFor();
  await portal.checked(page);
  await window.getByRole('button', { name: 'End the relationship' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByText('Removed').first().waitFor();
  await portal.checked(page);
});

test('rights are asked for in one session and approved in another', async () => {
  const partner = await portal.as('meridian', '/customers/lakeside-logistics?tab=delegation');
  await partner.getByText('old full delegation').first().waitFor();
  await portal.checked(partner);
  await partner.getByRole('button', { name: 'Ask for rights' }).click();
  const window = partner.getByRole('dialog');
  await window.getByRole('textbox', { name: 'Name of the request' }).fill('lakeside-desk');
  await window.getByRole('spinbutton', { name: 'Days' }).fill('900');
  await window.getByRole('checkbox', { name: 'User administrator' }).check();
  await window.getByRole('checkbox', { name: 'Global reader' }).check();
  await window.getByRole('button', { name: 'Send the request' }).click();
  await window.locator('[data-decision=refused]').waitFor();
  portal.forgive(partner, /40\d/);
  await portal.checked(partner);
  await window.getByRole('spinbutton', { name: 'Days' }).fill('180');
  await window.getByRole('button', { name: 'Send the request' }).click();
  await window.waitFor({ state: 'detached' });
  const asked = partner.locator('[data-rights=lakeside-desk]');
  await asked.getByText('Waits for approval').waitFor();
  await portal.checked(partner);

  const customer = await portal.as('customer:lakeside-logistics', '/customers?tab=delegation');
  await customer.getByRole('heading', { level: 1, name: 'Lakeside Logistics LLC' }).waitFor();
  await customer.locator('[data-rights=lakeside-desk]').getByRole('button', { name: 'Approve' }).click();
  await customer.getByRole('dialog').getByText('for 180 days').waitFor();
  await portal.checked(customer);
  await customer.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await customer.getByRole('dialog').waitFor({ state: 'detached' });
  await customer.locator('[data-rights=lakeside-desk]').getByText('Approved').waitFor();
  await portal.checked(customer);

  await portal.server.call('POST', '/program/v1/clock', await portal.server.token('operator'), { by: 'P1D' });
  await partner.reload();
  await asked.getByText('Active').waitFor();
  await asked.getByRole('button', { name: 'Give to a group' }).click();
  await window.getByRole('combobox', { name: 'Security group' }).selectOption('meridian-readers');
  await portal.checked(partner);
  await window.getByRole('button', { name: 'Give to a group' }).click();
  await window.waitFor({ state: 'detached' });
  await customer.reload();
  await customer.locator('[data-rights=lakeside-desk]').getByRole('button', { name: 'End it' }).click();
  await customer.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
  await customer.getByRole('dialog').waitFor({ state: 'detached' });
  await customer.locator('[data-rights=lakeside-desk]').getByText('End requested').waitFor();
  await portal.checked(customer);
});

test('a user is made, uses a licence, is deleted and comes back', async () => {
  const page = await portal.as('harbor', '/customers/bay-street-shipping?tab=users');
  const users = page.getByRole('grid', { name: 'Users' });
  await users.getByText('tomas@bay-street-shipping.example').waitFor();
  await page.getByRole('grid', { name: 'Licences' }).getByText('Workplace Core').waitFor();
  await portal.checked(page);
  await page.getByRole('button', { name: 'New user' }).click();
  const window = page.getByRole('dialog');
  const fill = (name: RegExp, text: string) => window.getByLabel(name).fill(text);
  await fill(/First name/, 'Ada');
  await fill(/Last name/, 'Grey');
  await fill(/Sign-in name/, 'tomas@bay-street-shipping.example');
  await fill(/Used in/, 'US');
  await fill(/First password/, 'Renew.456');
  await portal.checked(page);
  await window.getByRole('button', { name: 'Make the user' }).click();
  await window
    .getByText(/is taken/)
    .first()
    .waitFor();
  portal.forgive(page, /409/);
  await portal.checked(page);
  await fill(/Sign-in name/, 'ada@bay-street-shipping.example');
  await window.getByRole('button', { name: 'Make the user' }).click();
  await window.waitFor({ state: 'detached' });
  await users.getByText('ada@bay-street-shipping.example').waitFor();
  await page.getByRole('button', { name: 'Licences: Ada Grey' }).click();
  await window.getByRole('checkbox', { name: /Diagram/ }).check();
  await portal.checked(page);
  await window.getByRole('button', { name: 'Save' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Licences: Ada Grey' }).click();
  assert.equal(await window.getByRole('checkbox', { name: /Diagram/ }).isChecked(), true);
  await window.getByRole('button', { name: 'Cancel' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Delete: Ada Grey' }).click();
  await window.getByText('Its licences are free at once').waitFor();
  await portal.checked(page);
  await window.getByRole('button', { name: 'Delete' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByRole('combobox', { name: 'State' }).selectOption('deleted');
  await users.getByText('ada@bay-street-shipping.example').waitFor();
  await portal.checked(page);
  await page.getByRole('button', { name: 'Restore: Ada Grey' }).click();
  await window.getByRole('button', { name: 'Restore' }).click();
  await window.waitFor({ state: 'detached' });
  await page.getByRole('combobox', { name: 'State' }).selectOption('');
  await users.getByText('ada@bay-street-shipping.example').waitFor();
  await portal.checked(page);
});

test('who has no role at a customer is told by which rule it sees no users', async () => {
  const page = await portal.as('harbor', '/customers/summit-architects?tab=users');
  await page.getByRole('link', { name: 'CUS-017' }).first().waitFor();
  portal.forgive(page, /403/);
  await portal.checked(page);
});

test('a customer accepts an invitation and its agreement, and declines another', async () => {
  const partner = await portal.as('harbor', '/customers');
  const window = partner.getByRole('dialog');
  await partner.getByRole('button', { name: 'Invite a customer' }).click();
  await window.getByRole('textbox', { name: 'Short name' }).fill('granite-library');
  await window.getByRole('button', { name: 'Send the invitation' }).click();
  await window.waitFor({ state: 'detached' });
  await portal.server.command('meridian', 'invite_customer', { customer: 'granite-library' });

  const customer = await portal.as('customer:granite-library', '/home');
  await customer.locator('[data-matter=invitations]').getByRole('link', { name: 'Open Customers' }).click();
  const own = customer.getByRole('row', { name: /Harbor Cloud Partners LLC/ });
  await own.getByRole('button', { name: 'Accept' }).click();
  const answer = customer.getByRole('dialog');
  await answer.getByText('It gets no rights in your tenant').waitFor();
  await portal.checked(customer);
  await answer.getByRole('button', { name: 'Accept' }).click();
  await answer.waitFor({ state: 'detached' });
  await own.getByText('Active').waitFor();
  const other = customer.getByRole('row', { name: /Meridian Distribution Inc\./ });
  await other.getByRole('button', { name: 'Decline' }).click();
  await answer.getByRole('button', { name: 'Decline' }).click();
  await answer.waitFor({ state: 'detached' });
  await other.getByText('Declined').waitFor();
  await portal.checked(customer);

  await customer.goto('/portal/home');
  await customer.locator('[data-matter=customer_agreement]').getByRole('link', { name: 'Open Customers' }).click();
  await customer.locator('[data-open-agreement]').getByText('Harbor Cloud Partners LLC').waitFor();
  await portal.checked(customer);
  await customer.getByRole('button', { name: 'Accept the customer agreement' }).click();
  await answer.getByText('for your whole company').waitFor();
  await portal.checked(customer);
  await answer.getByRole('button', { name: 'Accept the customer agreement' }).click();
  await answer.waitFor({ state: 'detached' });
  await customer.getByText('Nothing waits for your agreement').waitFor();
  await portal.checked(customer);
});

test('scenario 3: who manages what was bought elsewhere asks for rights, and then has them', async () => {
  const desk = '/deal?do=administer&customer=granite-library&task=reset_password';
  const partner = await portal.as('harbor', desk);
  const window = partner.getByRole('dialog');
  // The relationship is there since the walk before; rights in the tenant are another matter.
  await partner.locator('[data-decision=refused]').waitFor();
  await partner.locator('[data-decision] [data-rule=TXN-302]').waitFor();
  await portal.checked(partner);
  await partner.goto('/portal/customers/granite-library?tab=delegation');
  await partner.getByRole('button', { name: 'Ask for rights' }).click();
  await window.getByRole('textbox', { name: 'Name of the request' }).fill('granite-desk');
  await window.getByRole('spinbutton', { name: 'Days' }).fill('90');
  await window.getByRole('checkbox', { name: 'User administrator' }).check();
  await window.getByRole('button', { name: 'Send the request' }).click();
  await window.waitFor({ state: 'detached' });

  const customer = await portal.as('customer:granite-library', '/customers?tab=delegation');
  await customer.locator('[data-rights=granite-desk]').getByRole('button', { name: 'Approve' }).click();
  await customer.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await customer.getByRole('dialog').waitFor({ state: 'detached' });

  // Rights come into force a while after they were approved, and a group to which they are given a while after that.
  const passDay = async () => {
    await partner.getByRole('link', { name: 'Time', exact: true }).click();
    await partner.getByRole('button', { name: 'A day', exact: true }).click();
    await partner.locator('[data-moved]').waitFor();
    await partner.goBack();
  };
  await passDay();
  await partner.locator('[data-rights=granite-desk]').getByRole('button', { name: 'Give to a group' }).click();
  await window.getByRole('combobox', { name: 'Security group' }).selectOption('harbor-readers');
  await window.getByRole('button', { name: 'Give to a group' }).click();
  await window.waitFor({ state: 'detached' });
  await passDay();
  await partner.goto(`/portal${desk}`);
  await partner.locator('[data-decision=allowed]').waitFor();
  await portal.checked(partner);
  await partner.getByRole('button', { name: 'Do the task' }).click();
  await partner.locator('[data-done]').waitFor();
  await portal.checked(partner);
});

test('a page that another session has made stale keeps what was typed, and shows what is there now', async () => {
  const at = '/customers/juniper-bakery?tab=profile';
  const page = await portal.as('harbor', at);
  const city = page.getByRole('textbox', { name: 'City' });
  await city.fill('Tacoma');
  const other = await portal.as('harbor', at);
  await other.getByRole('textbox', { name: 'Street and number' }).fill('7 Harbour Row');
  await other.getByRole('button', { name: 'Save the profile' }).click();
  await other.getByText('Saved.').waitFor();
  await portal.checked(other);

  await page.getByRole('button', { name: 'Save the profile' }).click();
  await page.locator('[data-trouble=stale]').waitFor();
  assert.equal(await city.inputValue(), 'Tacoma');
  portal.forgive(page, /40[09]|412/);
  await portal.checked(page);
  await page.getByRole('button', { name: 'Load what is there now' }).click();
  await page.getByText('Is now: 7 Harbour Row').waitFor();
  assert.equal(await city.inputValue(), 'Tacoma');
  await portal.checked(page);
  await page.getByRole('textbox', { name: 'Street and number' }).fill('7 Harbour Row');
  await page.getByRole('button', { name: 'Save the profile' }).click();
  await page.getByText('Saved.').waitFor();
  await portal.checked(page);
  await other.reload();
  await other.waitForFunction(() => [...document.querySelectorAll('input')].some(one => one.value === 'Tacoma'));
  assert.equal(await other.getByRole('textbox', { name: 'Street and number' }).inputValue(), '7 Harbour Row');
});

test('a server that is really asked too often is waited for, and nothing typed is lost', async () => {
  const busy = await Portal.open(await Server.start(['--demo', '--throttle', 'writes=1/3']));
  try {
    const page = await busy.as('harbor', '/customers/juniper-bakery?tab=profile');
    const city = page.getByRole('textbox', { name: 'City' });
    await city.fill('Olympia');
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.getByText('Saved.').waitFor();
    await city.fill('Tacoma');
    await page.getByRole('button', { name: 'Save the profile' }).click();
    await page.locator('[data-notice=busy]').waitFor();
    assert.equal(await city.inputValue(), 'Tacoma');
    await page.getByText('Saved.').waitFor();
    busy.forgive(page, /429/);
    await busy.checked(page);
  } finally {
    await busy.close();
  }
});

test('resellers, the operator and customers see their own part', async () => {
  for (const [who, at] of [
    ['cedar', '/customers/red-rock-dental'],
    ['operator', '/customers/red-rock-dental'],
    ['customer:red-rock-dental', '/customers'],
  ] as const) {
    const page = await portal.as(who, at, { viewport: PHONE, locale: 'ja-JP' });
    await page.getByRole('heading', { level: 1, name: 'Red Rock Dental LLC' }).waitFor();
    await page.getByText('Meridian Distribution Inc.').first().waitFor();
    await portal.checked(page);
    await page.getByRole('tab', { name: '履歴' }).click();
    // Nothing is recorded yet: what was so before is told.
    await page.getByText('関係: 有効').first().waitFor();
    await portal.checked(page);
    await page.context().close();
  }
});

test('pictures', async () => {
  await portal.shots('users', 'harbor', '/customers/bay-street-shipping?tab=users', page =>
    page.getByText('tomas@bay-street-shipping.example').waitFor(),
  );
  await portal.shots('customers', 'meridian', '/customers', page =>
    page.getByText('Canyon Robotics LLC').first().waitFor(),
  );
  await portal.shots('customer', 'meridian', '/customers/canyon-robotics', page =>
    page.getByText('Cedar Valley IT LLC').first().waitFor(),
  );
  await portal.shots('delegation', 'harbor', '/customers/juniper-bakery?tab=delegation', page =>
    page.getByText('Not held, and why').waitFor(),
  );
  await portal.shots('agreement', 'harbor', '/customers/juniper-bakery?tab=agreement', page =>
    page.getByText('Noor Abbas').waitFor(),
  );
});
