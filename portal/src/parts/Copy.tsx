import { Button } from '@fluentui/react-components';
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons';
import { useState } from 'react';

import { useTexts } from '../texts';

/** Copies a text; `label` says what it is. */
export function Copy(props: { text: string; label: string; children?: string }) {
  const texts = useTexts();
  const [isDone, setDone] = useState(false);
  const name = isDone ? texts.parts.copied : `${texts.parts.copy}: ${props.label}`;
  return (
    <Button
      size="small"
      appearance="subtle"
      icon={isDone ? <CheckmarkRegular /> : <CopyRegular />}
      aria-label={name}
      title={name}
      onClick={async () => {
        await navigator.clipboard.writeText(props.text);
        setDone(true);
      }}
      onBlur={() => setDone(false)}
    >
      {props.children}
    </Button>
  );
}
