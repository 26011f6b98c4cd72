# syntax=docker/dockerfile:1
# Not built where it was written, since no container engine was at hand. docs/operating.md says how to run it.

FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:26-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The image brings its Node: the optional packages that carry one are left out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26-slim
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
COPY config ./config
# The one place that is written to; a volume mounted here takes over owner and mode.
RUN install --directory --mode=0700 --owner=node --group=node /data
ENV SSP_CONFIG=/etc/ssp/ssp.yaml SSP_DATA_DIRECTORY=/data
VOLUME /data
USER node
EXPOSE 8443 8444
STOPSIGNAL SIGTERM
# Any answer but a 5xx is one of a process that lives: where operators.allowedHosts does not name 127.0.0.1, it is 421.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "require('node:https').get({host:'127.0.0.1',port:process.env.SSP_OPERATORS__PORT||8444,path:'/livez',rejectUnauthorized:false},(answer)=>process.exit(answer.statusCode<500?0:1)).on('error',()=>process.exit(1))"]
CMD ["node", "dist/main.js", "serve"]
