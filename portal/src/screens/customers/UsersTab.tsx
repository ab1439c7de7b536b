import { Button, Checkbox, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { api, got } from '../../api/client';
import {
  command,
  Confirm,
  Count,
  DataTable,
  Empty,
  Field,
  Loaded,
  Section,
  useAct,
  useInAddress,
  useQueryTexts,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { licencesQuery, stockQuery, usersQuery, type DirectoryUser, type Stock } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  buttons: { display: 'flex', gap: tokens.spacingHorizontalXS, justifyContent: 'flex-end' },
  filter: { maxWidth: '16rem' },
  licences: { display: 'grid' },
});

/** What the customer holds by licence, and what of it is in use. */
function Licences(props: { customer: string }) {
  const words = useWords();
  const stock = useQuery(stockQuery(props.customer));
  const columns = useMemo<Column<Stock>[]>(
    () => [
      {
        id: 'name',
        label: words.licence,
        width: 'minmax(12rem, 1.4fr)',
        sort: row => row.productSku.name,
        cell: row => row.productSku.name,
      },
      {
        id: 'services',
        label: words.services,
        width: 'minmax(12rem, 2fr)',
        wideOnly: true,
        cell: row => row.servicePlans.map(plan => plan.displayName).join(', '),
      },
      {
        id: 'used',
        label: words.inUse,
        width: '8rem',
        end: true,
        sort: row => row.consumedUnits,
        cell: row => <Count of={row.consumedUnits} />,
      },
      {
        id: 'left',
        label: words.available,
        width: '8rem',
        end: true,
        sort: row => row.availableUnits,
        cell: row => <Count of={row.availableUnits} />,
      },
    ],
    [words],
  );
  return (
    <Section title={words.licences} lead={words.licencesLead} bare>
      <Loaded query={stock} lines={3}>
        {rows => (
          <DataTable
            name={words.licences}
            rows={rows}
            columns={columns}
            rowKey={row => row.productSku.id}
            height="18rem"
            empty={<Empty title={words.noLicences} />}
          />
        )}
      </Loaded>
    </Section>
  );
}

/** A user is made, with the password it signs in with first; that is shown to nobody again. */
function New(props: { customer: string; onClose: () => void }) {
  const words = useWords();
  const [typed, setTyped] = useState({
    userPrincipalName: '',
    firstName: '',
    lastName: '',
    usageLocation: '',
    password: '',
  });
  const act = useAct(({ password, ...user }: typeof typed, id) =>
    got(
      api.POST('/v1/customers/{customer-id}/users', {
        params: { path: { 'customer-id': props.customer } },
        body: {
          ...user,
          displayName: `${user.firstName} ${user.lastName}`,
          passwordProfile: { password, forceChangePassword: true },
        },
        headers: { 'MS-RequestId': id },
      }),
    ),
  );
  const text = (name: keyof typeof typed, label: string, rule?: string) => (
    <Field label={label} {...(rule === undefined ? {} : { rule })} name={name} trouble={act.trouble} required>
      <Input
        type={name === 'password' ? 'password' : 'text'}
        autoComplete="off"
        value={typed[name]}
        onChange={(_, data) => setTyped({ ...typed, [name]: data.value })}
      />
    </Field>
  );
  return (
    <Confirm
      open
      title={words.newUser}
      confirm={words.createUser}
      act={act}
      input={typed}
      disabled={Object.values(typed).includes('')}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      {text('firstName', words.firstName)}
      {text('lastName', words.lastName)}
      {text('userPrincipalName', words.signInName, words.signInNameRule)}
      {text('usageLocation', words.usageLocation, words.usageLocationRule)}
      {text('password', words.firstPassword, words.firstPasswordRule)}
    </Confirm>
  );
}

/** What a user uses is chosen anew; all of it is done, or nothing. What was not touched stays as it is. */
function Change(props: { customer: string; user: DirectoryUser; onClose: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const held = useQuery(licencesQuery(props.customer, props.user.id));
  const stock = useQuery(stockQuery(props.customer));
  const [touched, touch] = useState<Record<string, boolean>>({});
  const before = new Set(held.data?.map(one => one.productSku.id));
  const chosen = Object.entries(touched).filter(([id, isChosen]) => before.has(id) !== isChosen);
  const input = {
    customer: props.customer,
    user: props.user.id,
    assign: chosen.filter(([, isChosen]) => isChosen).map(([item]) => ({ item })),
    remove: chosen.filter(([, isChosen]) => !isChosen).map(([item]) => item),
  };
  const act = useAct((params: typeof input, id) => command('assign_licences', params, id));
  return (
    <Confirm
      open
      title={words.licencesOf(props.user.displayName)}
      confirm={words.save}
      act={act}
      input={input}
      disabled={held.data === undefined || chosen.length === 0}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <Loaded query={held} lines={2}>
        {() => (
          <Loaded query={stock} lines={2}>
            {all => (
              <div className={styles.licences} role="group" aria-label={words.licences}>
                {all.map(one => {
                  const { id, name } = one.productSku;
                  const isChosen = touched[id] ?? before.has(id);
                  return (
                    <Checkbox
                      key={id}
                      label={words.left(name, String(one.availableUnits))}
                      checked={isChosen}
                      disabled={!isChosen && !before.has(id) && one.availableUnits === 0}
                      onChange={() => touch({ ...touched, [id]: !isChosen })}
                    />
                  );
                })}
              </div>
            )}
          </Loaded>
        )}
      </Loaded>
    </Confirm>
  );
}

/** A user is deleted, or comes back. */
function Keep(props: { customer: string; user: DirectoryUser; deed: 'delete' | 'restore'; onClose: () => void }) {
  const words = useWords();
  const name = props.user.displayName;
  const isDelete = props.deed === 'delete';
  const verb = isDelete ? 'delete_directory_user' : 'restore_directory_user';
  const act = useAct((params: Record<string, string>, id) => command(verb, params, id));
  return (
    <Confirm
      open
      title={isDelete ? words.deleteUser(name) : words.restoreUser(name)}
      confirm={isDelete ? words.delete : words.restore}
      act={act}
      input={{ customer: props.customer, user: props.user.id }}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{isDelete ? words.deleteAbout : words.restoreAbout}</span>
    </Confirm>
  );
}

type Deed = 'change' | 'delete' | 'restore';

/** The customer's users and what they use, with the rights that the customer gave. */
export function UsersTab(props: { customer: string }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const proposed = useQueryTexts().do;
  const [state, setState] = useInAddress('users');
  const isDeleted = state === 'deleted';
  const users = useQuery(usersQuery(props.customer, isDeleted));
  const [open, setOpen] = useState<{ deed: Deed; user: DirectoryUser } | null>(null);
  const [isNew, setNew] = useState(proposed === 'create_directory_user');
  const columns = useMemo<Column<DirectoryUser>[]>(() => {
    const button = (deed: Deed, label: string, user: DirectoryUser) => (
      <Button size="small" aria-label={`${label}: ${user.displayName}`} onClick={() => setOpen({ deed, user })}>
        {label}
      </Button>
    );
    return [
      {
        id: 'name',
        label: words.name,
        width: 'minmax(10rem, 1fr)',
        sort: row => row.displayName,
        cell: row => row.displayName,
      },
      {
        id: 'signIn',
        label: words.signInName,
        width: 'minmax(14rem, 1.4fr)',
        sort: row => row.userPrincipalName,
        cell: row => row.userPrincipalName,
      },
      {
        id: 'location',
        label: isDeleted ? words.deletedOn : words.usageLocation,
        width: '9rem',
        cell: row =>
          isDeleted && row.softDeletionTime ? <When at={row.softDeletionTime} grain="day" /> : row.usageLocation,
      },
      {
        id: 'deeds',
        label: '',
        width: '13rem',
        end: true,
        cell: row => (
          <span className={styles.buttons}>
            {isDeleted ? (
              button('restore', words.restore, row)
            ) : (
              <>
                {button('change', words.licences, row)}
                {button('delete', words.delete, row)}
              </>
            )}
          </span>
        ),
      },
    ];
  }, [words, styles, isDeleted]);
  return (
    <>
      <Section
        title={words.tabs.users}
        lead={words.usersLead}
        actions={<Button onClick={() => setNew(true)}>{words.newUser}</Button>}
        bare
      >
        <Select
          className={styles.filter}
          aria-label={words.state}
          value={isDeleted ? 'deleted' : ''}
          onChange={(_, data) => setState(data.value)}
        >
          <option value="">{texts.states.active}</option>
          <option value="deleted">{words.deletedUsers}</option>
        </Select>
        <Loaded query={users} lines={4}>
          {rows => (
            <DataTable
              name={words.tabs.users}
              rows={rows}
              columns={columns}
              rowKey={row => row.id}
              height="26rem"
              empty={<Empty title={words.noUsers} />}
            />
          )}
        </Loaded>
      </Section>
      <Licences customer={props.customer} />
      {isNew && <New customer={props.customer} onClose={() => setNew(false)} />}
      {open?.deed === 'change' && (
        <Change key={open.user.id} customer={props.customer} user={open.user} onClose={() => setOpen(null)} />
      )}
      {open !== null && open.deed !== 'change' && (
        <Keep customer={props.customer} user={open.user} deed={open.deed} onClose={() => setOpen(null)} />
      )}
    </>
  );
}
