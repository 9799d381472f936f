import type { BundleSubject } from '#libs/proofs';
import type { Language } from '#libs/terminal';
import { bundleTexts } from './bundle.texts.js';

/** What a bundle is about, in a few words. */
export function aboutWords(about: BundleSubject, language: Language): string {
  const say = bundleTexts(language);
  switch (about.kind) {
    case 'exchange':
      return say.aboutExchange(about.exchange);
    case 'person':
      return say.aboutPerson(about.agency, about.subjectStream);
    case 'agency':
      return say.aboutAgency(about.agency, about.from, about.to);
  }
}
