// The public names, nothing else.
export {};
