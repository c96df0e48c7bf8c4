"""The pages: read the selection, ask one question, hand the answer to a chart, draw. The only room that knows Streamlit."""
