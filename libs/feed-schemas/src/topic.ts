/** An agency's topic is this, where a deployment says nothing else, and the agency's code. */
export const TOPIC_PREFIX_DEFAULT = 'renkei.agency.';
