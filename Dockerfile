# The lab on any system that runs containers: docker build -t lab . && docker run --rm -it -p 8888:8888 lab
FROM node:24-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends g++ python3 python3-venv ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
USER node
WORKDIR /home/node/lab
COPY --chown=node:node . .
# TensorFlow, JupyterLab and the project's own code, so that a container starts at once.
RUN node scripts/setup.mjs
EXPOSE 8888
CMD ["npm", "run", "lab", "--", "--no-browser", "--ip=0.0.0.0", "--port=8888"]
