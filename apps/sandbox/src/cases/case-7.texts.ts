import { dictionary } from '#libs/terminal';

export const case7Texts = dictionary({
  en: {
    foreignSent: (requester: string) => `${requester} sends an identifier that was issued to another agency`,
    foreign: 'the core does not accept it: an identifier is good for its own agency alone',
    article: (reason: string, article: string) => `denied, ${reason} [${article}]; recorded at the core`,
    suspended: (agency: string) => `the operator suspends ${agency}`,
  },
  ja: {
    foreignSent: (requester) => `${requester}が他の機関に付された符号で照会`,
    foreign: 'コアシステムは受け付けない：符号はその機関だけに有効',
    article: (reason, article) => `不許可（${reason}）〔${article}〕、コアシステムに記録`,
    suspended: (agency) => `運用者が${agency}を停止`,
  },
});
