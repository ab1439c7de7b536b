import {
  Button,
  makeStyles,
  Menu,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import { DarkThemeRegular, LocalLanguageRegular } from '@fluentui/react-icons';

import { PHONE } from '../parts/styles';
import { useStore } from '../store';
import { useTexts } from '../texts';
import { speak, useLang } from '../texts/lang';
import { choose, look, type Look } from '../theme/theme';

const useStyles = makeStyles({
  word: { [PHONE]: { display: 'none' } },
  button: { minWidth: 'auto', [PHONE]: { minWidth: '32px', paddingInline: '5px' } },
});

/** Changes to the other language. */
export function LanguageButton() {
  const styles = useStyles();
  const texts = useTexts();
  const other = useLang() === 'en' ? 'ja' : 'en';
  const name = other === 'ja' ? texts.shell.japanese : texts.shell.english;
  return (
    <Button
      appearance="subtle"
      className={styles.button}
      icon={<LocalLanguageRegular />}
      aria-label={`${texts.shell.language}: ${name}`}
      title={texts.shell.language}
      onClick={() => speak(other)}
    >
      <span className={styles.word} lang={other}>
        {name}
      </span>
    </Button>
  );
}

/** Light, dark, or as the system has it. */
export function LookButton() {
  const texts = useTexts();
  const now = useStore(look);
  const all: [Look, string][] = [
    ['system', texts.shell.system],
    ['light', texts.shell.light],
    ['dark', texts.shell.dark],
  ];
  return (
    <Menu
      checkedValues={{ look: [now] }}
      onCheckedValueChange={(_, data) => choose((data.checkedItems[0] ?? 'system') as Look)}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="subtle"
          icon={<DarkThemeRegular />}
          aria-label={texts.shell.look}
          title={texts.shell.look}
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {all.map(([value, label]) => (
            <MenuItemRadio key={value} name="look" value={value}>
              {label}
            </MenuItemRadio>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
