import { Badge, Button, Checkbox, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { clockQuery, useMe } from '../../api/queries';
import {
  command,
  Confirm,
  Empty,
  Facts,
  Field,
  Link,
  Loaded,
  Section,
  StateBadge,
  useAct,
  useDraft,
  useQueryTexts,
  When,
} from '../../parts';
import { useTexts } from '../../texts';
import { accessQuery, groupsQuery, rightsQuery, type Rights } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalL },
  one: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalS,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
    paddingBottom: tokens.spacingVerticalL,
    '&:last-child': { borderBottom: 'none', paddingBottom: 0 },
  },
  heading: { margin: 0, fontSize: tokens.fontSizeBase300 },
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  roles: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(14rem, 1fr))' },
  dim: { color: tokens.colorNeutralForeground2, margin: 0 },
  ask: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, '& > :first-child': { flex: '1 1 16rem' } },
});

const ROLES = [
  'directory_reader',
  'global_reader',
  'helpdesk_administrator',
  'license_administrator',
  'service_support_administrator',
  'user_administrator',
  'directory_writer',
  'application_administrator',
  'cloud_application_administrator',
  'privileged_authentication_administrator',
  'privileged_role_administrator',
  'global_administrator',
];

function useRoleName(): (role: string) => string {
  const words = useWords();
  return role => words.directoryRoles[role] ?? role.replaceAll('_', ' ');
}

function Roles(props: { of: string[] }) {
  const styles = useStyles();
  const nameOf = useRoleName();
  return (
    <span className={styles.line}>
      {props.of.map(role => (
        <Badge key={role} appearance="outline" shape="rounded">
          {nameOf(role)}
        </Badge>
      ))}
    </span>
  );
}

/** The partner asks for rights. */
function Ask(props: { customer: string; onClose: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const nameOf = useRoleName();
  const me = useMe();
  const first = useQueryTexts();
  const [draft, change, forget] = useDraft(`request_admin ${props.customer}`, {
    name: first.name ?? `${me.handle}-${props.customer}`,
    days: first.days ?? '365',
    roles: [] as string[],
    auto_extend: false,
  });
  const act = useAct((params: Record<string, unknown>, id) => command('request_admin', params, id));
  return (
    <Confirm
      open
      title={words.ask}
      confirm={words.askGo}
      act={act}
      input={{ ...draft, customer: props.customer, days: Number(draft.days) }}
      disabled={draft.roles.length === 0 || draft.name === '' || !/^\d+$/.test(draft.days)}
      onClose={props.onClose}
      onDone={() => {
        forget();
        props.onClose();
      }}
    >
      <span>{words.askAbout}</span>
      <Field label={words.rightsName} rule={words.rightsNameRule} name="name" trouble={act.trouble} required>
        <Input value={draft.name} onChange={(_, data) => change({ name: data.value })} />
      </Field>
      <Field label={words.days} rule={words.daysRule} name="days" trouble={act.trouble} required>
        <Input
          type="number"
          min={1}
          max={730}
          value={draft.days}
          onChange={(_, data) => change({ days: data.value })}
        />
      </Field>
      <div className={styles.roles} role="group" aria-label={words.roles}>
        {ROLES.map(role => (
          <Checkbox
            key={role}
            label={nameOf(role)}
            checked={draft.roles.includes(role)}
            onChange={(_, data) =>
              change({
                roles: data.checked === true ? [...draft.roles, role] : draft.roles.filter(one => one !== role),
              })
            }
          />
        ))}
      </div>
      <Checkbox
        label={words.autoExtend}
        checked={draft.auto_extend}
        onChange={(_, data) => change({ auto_extend: data.checked === true })}
      />
    </Confirm>
  );
}

/** Rights that are in force are given to a group of the partner. */
function Assign(props: { rights: Rights; onClose: () => void }) {
  const words = useWords();
  const groups = useQuery(groupsQuery);
  const [group, setGroup] = useState('');
  const act = useAct((params: Record<string, unknown>, id) => command('assign_roles', params, id));
  return (
    <Confirm
      open
      title={words.assign}
      confirm={words.assign}
      act={act}
      input={{ admin_relationship: props.rights.id, group, roles: props.rights.roles }}
      disabled={group === ''}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <Roles of={props.rights.roles} />
      <Loaded query={groups} lines={1}>
        {({ items }) => (
          <Field label={words.group} rule={words.groupRule} name="group" trouble={act.trouble} required>
            <Select value={group} onChange={(_, data) => setGroup(data.value)}>
              <option value="">{words.choose}</option>
              {items.map(one => (
                <option key={one.id} value={one.name}>
                  {one.name}
                </option>
              ))}
            </Select>
          </Field>
        )}
      </Loaded>
    </Confirm>
  );
}

/** The customer approves, or either side ends it. */
function Answered(props: { rights: Rights; deed: 'approve' | 'terminate'; onClose: () => void }) {
  const words = useWords();
  const { rights, deed } = props;
  const act = useAct((id: string, request) => {
    const params = { path: { id } };
    const headers = { 'MS-RequestId': request };
    return deed === 'approve'
      ? got(api.POST('/program/v1/admin-relationships/{id}/approve', { params, headers }))
      : got(api.POST('/program/v1/admin-relationships/{id}/terminate', { params, headers }));
  });
  return (
    <Confirm
      open
      title={deed === 'approve' ? words.approveTitle(rights.partnerName) : words.terminateTitle(rights.name)}
      confirm={deed === 'approve' ? words.approve : words.terminate}
      act={act}
      input={rights.id}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{deed === 'approve' ? words.approveAbout(rights.days) : words.terminateAbout}</span>
      <Roles of={rights.roles} />
    </Confirm>
  );
}

type Deed = 'approve' | 'terminate' | 'assign';

/** What a user of a partner may do, and why not more. */
function Access(props: { customer: string }) {
  const styles = useStyles();
  const words = useWords();
  const nameOf = useRoleName();
  const me = useMe();
  const own = me.role === 'customer' || me.role === 'operator' ? '' : (me.user?.signInName ?? '');
  const [typed, setTyped] = useState(own);
  const [user, setUser] = useState(own);
  const access = useQuery({ ...accessQuery(props.customer, user), enabled: user !== '' });
  return (
    <Section title={words.access} lead={words.accessLead}>
      <form
        onSubmit={event => {
          event.preventDefault();
          setUser(typed.trim());
        }}
      >
        <Field label={words.user} rule={words.userRule}>
          {field => (
            <div className={styles.ask}>
              <Input {...field} value={typed} onChange={(_, data) => setTyped(data.value)} />
              <Button type="submit">{words.look}</Button>
            </div>
          )}
        </Field>
      </form>
      {user !== '' && (
        <Loaded query={access}>
          {data => (
            <>
              {data.roles.length === 0 ? (
                <p className={styles.dim}>{words.noAccess}</p>
              ) : (
                <Facts
                  items={data.roles.map(one => ({
                    label: nameOf(one.role),
                    value: (
                      <span className={styles.line}>
                        {one.from.kind === 'full' ? words.full : one.from.name}
                        {one.group && <span className={styles.dim}>{one.group}</span>}
                        {one.until && (
                          <span className={styles.dim}>
                            {words.until} <When at={one.until} grain="day" />
                          </span>
                        )}
                      </span>
                    ),
                  }))}
                />
              )}
              {data.notHeld.length > 0 && (
                <>
                  <h3 className={styles.heading}>{words.notHeld}</h3>
                  <ul className={styles.list}>
                    {data.notHeld.map((gap, index) => (
                      <li key={index} className={styles.one}>
                        <Roles of={gap.roles} />
                        <span className={styles.line}>
                          <Link to={`/rules/${gap.rule}`}>{gap.rule}</Link>
                          <span className={styles.dim}>{gap.from.kind === 'full' ? words.full : gap.from.name}</span>
                        </span>
                        <p className={styles.dim}>{gap.statement}</p>
                      </li>
                    ))}
                  </ul>
                </>
              )}
              {data.refusals.map(one => (
                <p key={one.rule} className={styles.dim}>
                  <Link to={`/rules/${one.rule}`}>{one.rule}</Link> {one.statement}
                </p>
              ))}
            </>
          )}
        </Loaded>
      )}
    </Section>
  );
}

/** Rights in the customer's tenant: asked for, approved, given to groups, ended; and what comes of them. */
export function DelegationTab(props: { customer: string }) {
  const styles = useStyles();
  const words = useWords();
  const texts = useTexts();
  const me = useMe();
  const isCustomer = me.role === 'customer';
  const isPartner = !isCustomer && me.role !== 'operator';
  const clock = useQuery(clockQuery).data?.world;
  const rights = useQuery(rightsQuery(isCustomer ? undefined : props.customer));
  const [isAsking, setAsking] = useState(useQueryTexts().do === 'request_admin');
  const [open, setOpen] = useState<{ rights: Rights; deed: Deed } | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Section
        title={words.granted}
        lead={isCustomer ? words.grantedLeadCustomer : words.grantedLead}
        actions={isPartner ? <Button onClick={() => setAsking(true)}>{words.ask}</Button> : undefined}
      >
        <Loaded query={rights}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={words.noRights} hint={words.noRightsHint} />
            ) : (
              <ul className={styles.list}>
                {items.map(one => {
                  const end = one.until ?? one.answerBy;
                  return (
                    <li key={one.id} className={styles.one} data-rights={one.name}>
                      <span className={styles.line}>
                        <strong>{one.name}</strong>
                        <StateBadge state={one.state} />
                        {isCustomer && <span className={styles.dim}>{one.partnerName}</span>}
                      </span>
                      <Roles of={one.roles} />
                      <span className={styles.dim}>
                        {words.forDays(one.days)}
                        {one.autoExtend && ` · ${words.autoExtend}`}
                        {end && (
                          <>
                            {' · '}
                            {one.until ? words.until : words.answerBy}{' '}
                            <When at={end} grain="day" {...(clock === undefined ? {} : { from: clock })} />
                          </>
                        )}
                      </span>
                      <span className={styles.line}>
                        {isCustomer && one.state === 'approval_pending' && (
                          <Button
                            size="small"
                            appearance="primary"
                            onClick={() => setOpen({ rights: one, deed: 'approve' })}
                          >
                            {words.approve}
                          </Button>
                        )}
                        {isPartner && one.state === 'active' && (
                          <Button size="small" onClick={() => setOpen({ rights: one, deed: 'assign' })}>
                            {words.assign}
                          </Button>
                        )}
                        {one.state === 'active' && (isPartner || isCustomer) && (
                          <Button size="small" onClick={() => setOpen({ rights: one, deed: 'terminate' })}>
                            {words.terminate}
                          </Button>
                        )}
                      </span>
                    </li>
                  );
                })}
              </ul>
            )
          }
        </Loaded>
        {isAsking && <Ask customer={props.customer} onClose={() => setAsking(false)} />}
        {open?.deed === 'assign' && <Assign rights={open.rights} onClose={close} />}
        {open !== null && open.deed !== 'assign' && <Answered rights={open.rights} deed={open.deed} onClose={close} />}
      </Section>
      <Access key={texts.name} customer={props.customer} />
    </>
  );
}
