// Loaded before Portkey, which would listen on every address of the machine.
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (options, ...rest) {
  if (typeof options === "number") options = { port: options };
  const given = typeof rest[0] === "string" || rest[0] === undefined ? rest.slice(1) : rest;
  const callback = given.filter((value) => typeof value === "function");
  return listen.call(this, { ...options, host: "127.0.0.1" }, ...callback);
};
