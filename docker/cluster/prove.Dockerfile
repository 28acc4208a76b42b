# What proves a cluster (prove.yaml): sources, specs, and what builds and runs them. Nothing else is
# done with it.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE}
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages as well: jest's native parts are among them.
RUN npm ci --strict-allow-scripts && npm cache clean --force
COPY nest-cli.json tsconfig.json tsconfig.build.json jest.config.cjs .swcrc ./
COPY apps apps
COPY libs libs
COPY test test
COPY scenarios scenarios
RUN npm run build
USER node
ENTRYPOINT ["node", "dist/test/prove/main.js"]
