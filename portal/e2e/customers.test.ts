import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PHONE, Portal } from './browser.ts';

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
    ['Support contacts', 'PartnerID 4847565'],
    ['Transfers', 'No transfers'],
    ['Timeline', 'Subscription upgraded'],
  ];
  for (const [tab, text] of tabs) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByText(text).first().waitFor();
    await portal.checked(page);
  }
});

test('ten thousand customers come page by page, and few rows are in the page', async () => {
  const page = await portal.as('meridian', '/rules');
  // As many as nobody enters for a test: pages of the server's own form.
  await page.route('**/program/v1/customers?*', async route => {
    const from = Number(new URL(route.request().url()).searchParams.get('after') ?? '0');
    const items = Array.from({ length: 200 }, (_, index) => {
      const name = `company-${String(from + index).padStart(5, '0')}`;
      return {
        id: name,
        name,
        title: name,
        domain: `${name}.example`,
        country: 'US',
        state: 'active',
        subscriptions: 1,
        partners: 1,
      };
    });
    await route.fulfill({ json: { items, ...(from + 200 < 10_000 ? { next: String(from + 200) } : {}) } });
  });
  await page.getByRole('link', { name: 'Customers', exact: true }).click();
  await page.getByRole('row', { name: /company-00000/ }).waitFor();
  for (let loaded = 201; loaded <= 10_001; loaded += 200) {
    // Whoever goes on to the end gets there.
    await page.waitForFunction(least => {
      const grid = document.querySelector('[role=grid]');
      if (grid === null) return false;
      grid.scrollTop = grid.scrollHeight;
      return Number(grid.getAttribute('aria-rowcount')) >= least;
    }, loaded);
    const rows = await page.locator('[role=row]').count();
    assert.ok(rows <= 60, `${rows} rows are in the page`);
  }
  await page.getByRole('grid').evaluate(grid => {
    grid.scrollTop = grid.scrollHeight;
  });
  await page.getByRole('row', { name: /company-09999/ }).waitFor();
  // The longest task while the whole list goes by.
  const longest = await page.evaluate(async () => {
    const grid = document.querySelector('[role=grid]');
    if (grid === null) return Number.NaN;
    const tasks: number[] = [];
    const seen = new PerformanceObserver(list => tasks.push(...list.getEntries().map(one => one.duration)));
    seen.observe({ type: 'longtask' });
    for (let top = grid.scrollHeight; top > 0; top -= 4_000) {
      grid.scrollTop = top;
      await new Promise(resolve => requestAnimationFrame(resolve));
    }
    tasks.push(...seen.takeRecords().map(one => one.duration));
    return Math.max(0, ...tasks);
  });
  assert.ok(longest >= 0, 'the list went by');
  await portal.checked(page);
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
    await page.getByText('まだ何も起きていません').waitFor();
    await portal.checked(page);
    await page.context().close();
  }
});

test('pictures', async () => {
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
