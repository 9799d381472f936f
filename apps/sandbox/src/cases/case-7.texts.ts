import { dictionary } from '#libs/terminal';

export const case7Texts = dictionary({
  en: {
    planted: (server: string) => `a fault is planted at ${server}: it holds, for one person, the identifier that another agency was issued`,
    suspended: (agency: string) => `the operator suspends ${agency}`,
    reinstated: (agency: string) => `the operator reinstates ${agency}`,
  },
  ja: {
    planted: (server) => `${server}に誤りを仕込む：ある人について、他の機関に発行された符号を保持させる`,
    suspended: (agency) => `運用者が${agency}を停止`,
    reinstated: (agency) => `運用者が${agency}の停止を解除`,
  },
});
