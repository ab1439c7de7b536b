import { Button, Field as FluentField, makeStyles, tokens, type FieldProps } from '@fluentui/react-components';
import type { ReactNode } from 'react';

import type { Trouble } from '../api/trouble';
import { Answer } from './Answer';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '36rem' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

/**
 * A form. What is typed lives in the caller's state (`useDraft` keeps it through reloads); a failure leaves all of it in place
 * and shows the server's reason above the button, and at the field that it names.
 */
export function Form(props: {
  submit: string;
  busy: boolean;
  trouble: Trouble | null;
  onSubmit: () => void;
  onReload?: () => void;
  /** Other buttons beside the one that sends. */
  more?: ReactNode;
  disabled?: boolean;
  children: ReactNode;
}) {
  const styles = useStyles();
  const { trouble, onReload } = props;
  return (
    <form
      className={styles.form}
      onSubmit={event => {
        event.preventDefault();
        if (!props.busy) props.onSubmit();
      }}
    >
      {props.children}
      {/* Another try is the same as the first, with whatever follows from it. */}
      <Answer trouble={trouble} onRetry={props.onSubmit} {...(onReload ? { onReload } : {})} />
      <div className={styles.actions}>
        <Button type="submit" appearance="primary" disabledFocusable={props.busy} disabled={props.disabled === true}>
          {props.submit}
        </Button>
        {props.more}
      </div>
    </form>
  );
}

/**
 * A field: its label, its rule before anything is sent, and the server's reason after. `name` is how the server calls it;
 * a trouble that names it is shown here.
 */
export function Field(props: {
  label: string;
  rule?: string;
  name?: string;
  trouble?: Trouble | null;
  /** What is wrong before it is sent. */
  problem?: string | undefined;
  required?: boolean;
  children: FieldProps['children'];
}) {
  const { trouble, name } = props;
  const field = trouble?.told.field?.replace(/^(params|body)\./, '');
  const told = name !== undefined && field === name ? trouble?.told.text : undefined;
  const problem = told ?? props.problem;
  return (
    <FluentField
      label={props.label}
      {...(props.rule === undefined ? {} : { hint: props.rule })}
      {...(problem === undefined ? {} : { validationMessage: problem, validationState: 'error' as const })}
      {...(props.required === true ? { required: true } : {})}
    >
      {props.children}
    </FluentField>
  );
}
