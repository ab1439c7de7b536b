import { Badge, makeStyles, type BadgeProps } from '@fluentui/react-components';

import { useTexts } from '../texts';

const useStyles = makeStyles({ badge: { whiteSpace: 'nowrap', flexShrink: 0 } });

const COLOURS: [NonNullable<BadgeProps['color']>, string[]][] = [
  [
    'success',
    [
      'active',
      'approved',
      'accepted',
      'done',
      'paid',
      'succeeded',
      'qualified',
      'complete',
      'completed',
      'enforced',
      'allowed',
      'delivered',
    ],
  ],
  [
    'danger',
    [
      'rejected',
      'suspended',
      'deauthorized',
      'terminated',
      'failed',
      'overdue',
      'denied',
      'refused',
      'set_aside',
      'disapproved',
      'disputed',
      'parked',
    ],
  ],
  [
    'warning',
    [
      'pending',
      'restricted',
      'invited',
      'applied',
      'due',
      'approval_pending',
      'in_review',
      'under_review',
      'running',
      'open',
      'activating',
      'expiring',
      'termination_requested',
      'unpaid',
      'waiting',
      'attention_needed',
    ],
  ],
  ['brand', ['created', 'draft', 'behaviour']],
];

/** A state of the program, in the wanted language; a name that the catalogue lacks is shown as the server has it. */
export function StateBadge(props: { state: string; label?: string }) {
  const styles = useStyles();
  const texts = useTexts();
  const state = props.state.toLowerCase();
  const colour = COLOURS.find(([, states]) => states.includes(state))?.[0] ?? 'informative';
  const label = props.label ?? texts.states[state] ?? props.state.replaceAll('_', ' ');
  return (
    <Badge appearance="tint" color={colour} shape="rounded" className={styles.badge}>
      {label}
    </Badge>
  );
}
