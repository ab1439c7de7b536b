import { texts } from '../../texts';
import { en } from './texts.en';
import { ja } from './texts.ja';

export const useWords = texts<typeof en>({ en, ja });
